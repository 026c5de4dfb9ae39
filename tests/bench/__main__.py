"""make bench: every benchmark after the other, each figure as a ratio against a baseline of the same run where there is one."""

import importlib
import importlib.util
import sys

BENCHES = (
    "speed",
    "verifier",
    "local_quality",
    "query_table",
    "search",
    "extract_pdf",
    "extract_office",
    "hostile",
    "export",
    "kimi_limits",
    "kimi_cache",
    "kimi_soak",
    "kill",
    "team",
    "batch",
    "table_cost",
)


def main(wanted: list[str]) -> None:
    """Run the benches named, or all that are there."""
    for name in tuple(wanted) or BENCHES:
        found = importlib.util.find_spec(f"tests.bench.{name}")
        if not found:
            continue
        print(f"\n== {name} ==", flush=True)
        sys.argv[1:] = []  # its own options are for when it is started by itself
        importlib.import_module(f"tests.bench.{name}").main()


if __name__ == "__main__":
    main(sys.argv[1:])
