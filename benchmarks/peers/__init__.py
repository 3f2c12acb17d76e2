"""The engines that moec races against, one module each."""


def require(name, value, known):
    """Refuses what an engine cannot compute."""
    if value not in known:
        raise NotImplementedError(f"no {name} {value}")
