"""x"""


def description() -> dict[str, object]:
    return {}
