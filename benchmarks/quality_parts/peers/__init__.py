"""Systems from elsewhere, one file each: their packages where there are some, else written from the papers.

A file says where its method comes from and where it departs from it, and ends in `SYSTEM`. What it needs stands in the
extra `peers`; where a package is missing, or a slice is beyond the method, the table says so.
"""

from quality_parts.peers import (
    aldi,
    alpharec,
    clcrec,
    cornac_ctr,
    cornac_vbpr,
    dropoutnet,
    implicit_bpr,
    keras_rs_tutorial,
    lightfm,
    rectools_dssm,
    semco,
    tfrs_tutorial,
    user_words,
)

PEERS = (
    *(
        module.SYSTEM
        for module in (
            lightfm, implicit_bpr, rectools_dssm, cornac_ctr, cornac_vbpr, tfrs_tutorial, keras_rs_tutorial,
            dropoutnet, clcrec, aldi, semco, alpharec, user_words,
        )
    ),
    user_words.JOINED,
)  # fmt: skip
