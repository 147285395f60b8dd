"""How often something may happen for each address: a bucket that fills with time. Pure."""

from dataclasses import dataclass, field

MAX_ADDRESSES = 10_000


@dataclass(slots=True)
class Rate:
    """`burst` at once, and `each_second` after that. Times are of any monotonic clock."""

    burst: float
    each_second: float
    _buckets: dict[str, tuple[float, float]] = field(default_factory=dict[str, tuple[float, float]])

    def left(self, address: str, now: float) -> float:
        """Returns how much may happen now."""
        level, at = self._buckets.get(address, (self.burst, now))
        return min(self.burst, level + (now - at) * self.each_second)

    def take(self, address: str, now: float) -> None:
        """Counts one. Never below 0, so that who comes too often does not wait the longer."""
        level = max(self.left(address, now) - 1, 0.0)
        self._buckets.pop(address, None)
        self._buckets[address] = (level, now)
        if len(self._buckets) > MAX_ADDRESSES:
            del self._buckets[next(iter(self._buckets))]

    def wait(self, address: str, now: float) -> float:
        """Returns the seconds until one more may happen."""
        return max((1 - self.left(address, now)) / self.each_second, 0.0)
