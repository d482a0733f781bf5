"""The program with the runtime's libraries alone, as ``make demo`` and the bare wheel install it: no extra is in reach."""

import subprocess
import sys

WITHOUT_EXTRAS = r"""
import importlib.metadata as metadata, re, sys

def needed(name, seen):
    for line in metadata.requires(name) or ():
        other = re.match(r"[\w.-]+", line)[0].lower().replace("_", "-")
        if "extra ==" not in line and other not in seen:
            try:
                metadata.distribution(other)
            except metadata.PackageNotFoundError:
                continue  # for another platform
            seen.add(other)
            needed(other, seen)
    return seen

runtime = needed("fazhi", {"fazhi"})

class Refuse:
    def find_spec(self, name, path=None, target=None):
        owners = known.get(name.partition(".")[0])
        if owners and not owners & runtime:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

known = {name: {o.lower().replace("_", "-") for o in owners} for name, owners in metadata.packages_distributions().items()}
sys.meta_path.insert(0, Refuse())
for extra in ("datasketch", "torch", "fastapi"):
    try:
        __import__(extra)
    except ModuleNotFoundError:
        continue
    sys.exit(f"{extra} can be imported: this test would see nothing")
from fazhi.cli import main
sys.argv = ["fazhi", *sys.argv[1:]]
main()
"""


def fazhi(root, *arguments):
    command = [sys.executable, "-c", WITHOUT_EXTRAS, *map(str, arguments)]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=300, check=False)


def test_reports_are_extracted_without_any_extra(root, tmp_path):
    done = fazhi(root, "extract", root / "data" / "samples", "--out", tmp_path / "x.csv")
    assert done.returncode == 0, done.stderr
    assert len((tmp_path / "x.csv").read_text(encoding="utf-8-sig").splitlines()) > 50


def test_what_needs_an_extra_says_how_to_get_it(root, tmp_path):
    done = fazhi(root, "panel", root / "data" / "samples", "--out", tmp_path / "x.xlsx")
    assert done.returncode == 2
    assert "pip install 'fazhi[tables]'" in done.stderr
