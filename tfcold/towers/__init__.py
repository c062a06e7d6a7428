"""From raw vectors and rows to vectors of the shared space."""

from tfcold.towers.block_encoder import BlockEncoder
from tfcold.towers.item_tower import ItemTower
from tfcold.towers.user_tower import UserTower

__all__ = ["BlockEncoder", "ItemTower", "UserTower"]
