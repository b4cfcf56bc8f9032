"""The data layer as Chainlit calls it: the one BaseDataLayer, made of a class for each subject."""

from datalayer.layer.layer import KeepchatDataLayer

__all__ = ["KeepchatDataLayer"]
