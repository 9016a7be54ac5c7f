"""A timeline's calls as text, for the tests of record()."""


def said(timeline):
    """The calls as one would read them."""
    lines = []
    for call in timeline.calls:
        lane = timeline.lanes[call.socket].label if call.socket is not None else "-"
        gave = f" → {call.error} {call.errno}" if call.error else f" → {call.result}" if call.result else ""
        lines.append(f"{lane}: {call.call}({call.arguments}){gave}")
    return lines
