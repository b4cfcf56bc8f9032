"""Room that is divided among files. Pure."""

from collections.abc import Sequence


def share(needs: Sequence[int], budget: int) -> list[int]:
    """Divide a budget fairly: who needs less than an equal part gets it all, others the rest."""
    shares = [0] * len(needs)
    left = max(0, budget)
    by_need = sorted(range(len(needs)), key=lambda index: needs[index])
    for rank, index in enumerate(by_need):
        shares[index] = min(needs[index], left // (len(needs) - rank))
        left -= shares[index]
    return shares
