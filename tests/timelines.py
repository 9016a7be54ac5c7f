"""A timeline as text, for the tests of what is recorded."""


def said(timeline):
    """The calls as one would read them."""
    lines = []
    for call in timeline.calls:
        lane = timeline.lanes[call.socket].label if call.socket is not None else "-"
        gave = f" → {call.error} {call.errno}" if call.error else f" → {call.result}" if call.result else ""
        lines.append(f"{lane}: {call.call}({call.arguments}){gave}")
    return lines


def ladder(timeline):
    """Its drawing, line by line."""
    return repr(timeline).splitlines()
