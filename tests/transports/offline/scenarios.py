"""Any scenario: the Hypothesis strategy that the tests of the offline transport share."""

from hypothesis import strategies as st

from reprieve.core.operations import Operation
from reprieve.transports.offline.pace import Curve
from reprieve.transports.offline.parameters import Earlier, Phase
from reprieve.transports.offline.scenario import Scenario

FRACTIONS = st.floats(0, 1)
SECONDS = st.floats(0, 1e6)
FAULTS = st.sampled_from(["temporary", "permanent", "storageFull", "unreachable", "authenticationRequired"])
NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters=",:"), min_size=1).filter(
    lambda name: name == name.strip()
)


def parameters() -> dict[str, st.SearchStrategy[object]]:
    """A strategy for every parameter of a scenario that is played by simulation, but for the hang."""
    return {
        "seed": st.integers(),
        "database": st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
        "size": st.integers(1, 1 << 40),
        "rate": st.floats(1, 1e12),
        "curve": st.sampled_from(Curve),
        "ticks": st.integers(1, 40),
        "phases": st.lists(st.builds(Phase, NAMES, st.floats(0.01, 100)), min_size=1, max_size=5).map(tuple),
        "fail_at": st.none() | FRACTIONS,
        "fail": FAULTS,
        "fail_chance": FRACTIONS,
        "refuse": st.none() | FAULTS,
        "times": st.integers(0, 3),
        "drop_at": st.none() | FRACTIONS,
        "drop_for": SECONDS,
        "reconnect": st.booleans(),
        "cancel_delay": SECONDS,
        "complete_despite_cancel": st.booleans(),
        "refuse_cancel": st.none() | FAULTS,
        "corrupt_on_restore": st.booleans(),
        "latency": SECONDS,
        "jitter": SECONDS,
        "backups": st.lists(st.builds(Earlier, st.floats(0, 1000), st.integers(0, 1 << 40)), max_size=3).map(
            tuple
        ),
        "without": st.lists(st.sampled_from(Operation), unique=True, max_size=4).map(tuple),
        "speed": st.floats(0.01, 1000),
    }


SIMULATED = st.fixed_dictionaries({}, optional=parameters()).map(Scenario.of)
ANY = st.fixed_dictionaries(
    {}, optional={**parameters(), "hang_at": FRACTIONS, "replay": NAMES, "clock": st.just("real")}
).map(Scenario.of)
