# Copyright (C) chatws contributors
#
# The results as a table, and as a plot (SVG).

from xml.sax.saxutils import escape

COLORS = {"chatws": "#2a6f97", "floor": "#9a9a9a"}
OTHER = "#d0b49f"

LABEL = 90
BAR = 420
WIDTH = LABEL + BAR + 190
ROW = 20

# a bar of so many times the shortest is broken off
BROKEN = 8


def number(value):
    if value is None:
        return "-"
    if value >= 1000:
        return "%.0f" % value
    return "%.3g" % value if value < 100 else "%.1f" % value


def ratio(value, base):
    return "%.2f" % (value / base) if value and base else "-"


def kind(peer):
    return peer.rstrip("0123456789").replace("-echo", "")


def base_of(rows, wanted, workers):
    """The row of the named kind, with as many workers where there is one."""
    found = [r for r in rows if kind(r["peer"]) == wanted and r["median"]]
    for r in found:
        if r["peer"].endswith(str(workers)):
            return r["median"]
    return found[0]["median"] if found else None


def workers_of(peer):
    digits = peer[len(peer.rstrip("0123456789")):]
    return int(digits or 1)


def table(scenario):
    rows = scenario["rows"]
    lines = ["%s: %s (%s, medians of %d)" % (
        scenario["name"], scenario["title"], scenario["unit"],
        scenario["runs"])]

    lines.append("  %-13s %9s %18s %8s %8s %10s %9s %9s  %s" % (
        "peer", "median", "min - max", "x " + scenario["base"], "x nchan",
        "copies/s", "p50 us", "p99 us", "faults"))

    for r in rows:
        if r["median"] is None:
            lines.append("  %-13s %9s  %s" % (r["peer"], "-", r["note"]))
            continue

        n = workers_of(r["peer"])
        lines.append("  %-13s %9s %18s %8s %8s %10s %9s %9s  %s" % (
            r["peer"], number(r["median"]),
            number(r["min"]) + " - " + number(r["max"]),
            ratio(r["median"], base_of(rows, scenario["base"], n)),
            ratio(r["median"], base_of(rows, "nchan", n)),
            number(r["rate"]), number(r["p50"]), number(r["p99"]),
            r["note"] or "none"))

    return "\n".join(lines) + "\n"


def text(x, y, value, extra=""):
    return '<text x="%d" y="%d"%s>%s</text>' % (x, y, extra, escape(value))


def panel(scenario, top):
    rows = [r for r in scenario["rows"] if r["median"]]
    limit = BROKEN * min([r["median"] for r in rows
                          if kind(r["peer"]) != "floor"] or [1])
    most = max([r["median"] for r in rows if r["median"] <= limit] or [1])
    out = [text(8, top + 16, scenario["title"], ' font-weight="bold"')]

    for i, r in enumerate(rows):
        y = top + 26 + i * ROW
        width = max(1, min(BAR, BAR * r["median"] / most))
        out.append(text(LABEL - 6, y + 13, r["peer"],
                        ' text-anchor="end"'))
        out.append('<rect x="%d" y="%d" width="%.1f" height="%d" '
                   'fill="%s"/>' % (LABEL, y, width, ROW - 5,
                                    COLORS.get(kind(r["peer"]), OTHER)))
        if r["median"] > most:
            out.append('<rect x="%d" y="%d" width="6" height="%d" '
                       'fill="#ffffff"/>' % (LABEL + BAR - 24, y, ROW - 5))
        out.append(text(LABEL + int(width) + 6, y + 13,
                        "%s %s" % (number(r["median"]), scenario["unit"])))

    return out, top + 26 + len(rows) * ROW + 14


def plot(result):
    top = 30
    body = [text(8, 18, "%s, %d cores, %s" % (
        result["machine"]["cpu"], result["machine"]["cores"],
        result["machine"]["date"]))]

    for scenario in result["scenarios"]:
        out, top = panel(scenario, top)
        body += out

    return ('<svg xmlns="http://www.w3.org/2000/svg" width="%d" '
            'height="%d" viewBox="0 0 %d %d" font-family="sans-serif" '
            'font-size="12">\n<rect width="100%%" height="100%%" '
            'fill="#ffffff"/>\n%s\n</svg>\n'
            % (WIDTH, top, WIDTH, top, "\n".join(body)))
