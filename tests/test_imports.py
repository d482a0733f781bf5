"""Every module of the package can be the first that a process imports: imports run in no circle."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

import grimp


def outer(module: str) -> set[str]:
    """Return the packages that Python runs before a module."""
    parts = module.split(".")
    return {".".join(parts[:length]) for length in range(1, len(parts))}


def circle(graph: grimp.ImportGraph) -> list[str]:
    """Return a circle of imports; the packages around an imported module are imported with it."""
    needs = {}
    for module in graph.modules:
        imported = graph.find_modules_directly_imported_by(module)
        needs[module] = {name for one in imported for name in {one, *outer(one)}} - {module, *outer(module)}
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_imports_run_in_no_circle() -> None:
    assert circle(grimp.build_graph("fazhi")) == []


def test_a_module_that_needs_the_package_it_is_needed_by_is_a_circle() -> None:
    graph = grimp.ImportGraph()
    for importer, imported in (("a.p", "a.p.reader"), ("a.p.reader", "a.described"), ("a.described", "a.p.findings")):
        graph.add_import(importer=importer, imported=imported)
    assert set(circle(graph)) == {"a.p", "a.p.reader", "a.described"}
