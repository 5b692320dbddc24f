"""Apply every hand-aimed mutant and print which survive: `python -m tests.mutation`."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from tests.mutation.aimed import checkout, load, survives
from tests.mutation.forked_pytest import passes

parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
parser.add_argument("only", nargs="*", help="parts of mutants' names or of their files' names")
parser.add_argument("--jobs", type=int, default=2, help="mutants at a time")
chosen = parser.parse_args()

mutants = [
    mutant
    for mutant in load()
    if not chosen.only or any(part in f"{mutant.file} {mutant.name}" for part in chosen.only)
]
aimed = [mutant for mutant in mutants if mutant.equivalent is None]
with checkout() as folder:
    arguments = {argument for mutant in aimed for argument in mutant.tests}
    files = sorted({name.partition("::")[0] for name in arguments if name.startswith("tests/")})
    if not passes(folder, tuple(files), timeout=60 * len(files), shows_failure=True):
        sys.exit("tests fail without any mutant")
killed: Counter[str] = Counter()
with ThreadPoolExecutor(chosen.jobs) as pool:
    for mutant, survived in zip(aimed, pool.map(survives, aimed), strict=True):
        killed[mutant.file] += not survived
        print("SURVIVED" if survived else "killed  ", mutant.file, mutant.name, flush=True)
print()
for file, total in sorted(Counter(mutant.file for mutant in aimed).items()):
    print(f"{killed[file]:4} of {total:4}  {file}")
print(
    f"{killed.total():4} of {len(aimed):4}  killed; {len(mutants) - len(aimed)} equivalent ones "
    "not run"
)
sys.exit(0 if killed.total() == len(aimed) else 1)
