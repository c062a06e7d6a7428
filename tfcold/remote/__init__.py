"""How text leaves the machine: only where that was allowed, with names and numbers masked, through one patient client.

`checked_address` decides whether an address may be called at all. `Masker` takes e-mail addresses, phone and card
numbers, web addresses with secrets and user ids out of a text. `Endpoint` speaks the protocol of OpenAI to whatever
server answers it.
"""

from tfcold.remote.address import Address, checked_address, split_spec
from tfcold.remote.endpoint import Endpoint
from tfcold.remote.masking import MASKED_KINDS, Mask, Masker

__all__ = ["MASKED_KINDS", "Address", "Endpoint", "Mask", "Masker", "checked_address", "split_spec"]
