"""What a run has used, and what it may use."""

from agentproxy.events.envelope import Value


class Cost(Value):
    """Money that is known to be spent, in US dollars, and working time in seconds."""

    usd: float = 0.0
    seconds: float = 0.0

    def plus(self, other: "Cost") -> "Cost":
        """Both together."""
        return Cost(usd=self.usd + other.usd, seconds=self.seconds + other.seconds)
