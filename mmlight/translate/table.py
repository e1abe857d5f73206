"""Turns one `dict(type='X', ...)` into a `Call`, by a table of rows and the user's registry.

A row says which class of ours an mm type becomes. Arguments keep their mm names unless the row
renames them; they are checked against the signature of the class when it is built, so a row does
not list them.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mmlight.errors import UnsupportedTypeError, list_names, nearest_name, raise_all
from mmlight.read.imported import load_constants
from mmlight.read.key_path import join_path
from mmlight.read.node import ConfigDict, known_origin_of_node, to_nodes, to_plain
from mmlight.registry import Registry
from mmlight.registry.registry import Found
from mmlight.registry.tree import PACKAGES
from mmlight.spec import Call
from mmlight.translate.import_paths import (
    find_import_paths,
    find_import_problem,
    is_import_path,
    refuse_import_path,
)
from mmlight.translate.section import Report, Section

OLD_SCOPES = ("mmcv", "mmcls")
TORCH_SCOPES = ("torchvision", "torch")


def bare_name(name: Any) -> Any:
    """Drop the scope of a type, or its path in a package of mm; whatever else stays.

    Examples:
        >>> bare_name("mmpretrain.ResNet"), bare_name("mmengine::EMAHook"), bare_name(None)
        ('ResNet', 'EMAHook', None)
        >>> bare_name("mmpretrain.models.ResNet"), bare_name("my_package.nets.Net")
        ('ResNet', 'my_package.nets.Net')
    """
    if not isinstance(name, str):
        return name
    path, _, bare = name.replace("::", ".").rpartition(".")
    return bare if path.split(".")[0] in PACKAGES or path in TORCH_SCOPES else name


@dataclass(frozen=True)
class Row:
    """What one mm type becomes.

    Args:
        name: The mm type.
        target: Import path of the class that replaces it.
        rename: Arguments that have another name here, mm name first.
        ignore: Arguments without effect here, with the reason.
        extra: Arguments that every call of this type gets besides its own.
        scopes: Where the originals register the type, if not where those of its table are.
        verbatim: Arguments that stay as they are written, though the table nests their name.
    """

    name: str
    target: str
    rename: Mapping[str, str] = field(default_factory=dict)
    ignore: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
    scopes: tuple[str, ...] = ()
    verbatim: tuple[str, ...] = ()


class Table:
    """The rows of one kind of thing, and the registry that users add to.

    Args:
        kind: What the rows describe, for error texts: 'transform', 'dataset', ...
        rows: The built-in types.
        registry: The user's own types, the root of the tree of their scopes.
        file: File of the rows, named in the error for an unknown type.
        nested: Arguments that hold dicts to translate as well, with the table that knows them.
        scopes: Where the originals register the types.
        nested_in_own: Those of `nested` that are translated for users' classes as well; the others
            reach them as the dicts that they are, as in the originals.
        upgrade: Turns a dict in 0.x words into 1.x words, where one is built by 0.x code.
        purposes: What types are for that the originals have and nobody needs here.
    """

    def __init__(
        self,
        kind: str,
        rows: Iterable[Row],
        registry: Registry,
        *,
        file: str,
        nested: Mapping[str, Callable[[], "Table"]] | None = None,
        scopes: tuple[str, ...] = ("mmcls", "mmpretrain"),
        nested_in_own: tuple[str, ...] = (),
        upgrade: Callable[[ConfigDict], ConfigDict] = lambda cfg: cfg,
        purposes: Mapping[str, str] | None = None,
    ) -> None:
        self.kind = kind
        self.rows = {row.name: row for row in rows}
        self.registry = registry
        self.file = file
        self.nested = dict(nested or {})
        self.nested_in_own = nested_in_own
        self.upgrade = upgrade
        self.purposes = purposes or {}
        self.scopes = {row.name: row.scopes or scopes for row in self.rows.values()}

    def describe(self, cfg: Mapping[str, Any], scope: str) -> Call:
        """Translate one dict that stands in no config.

        Args:
            cfg: `{"type": ..., **arguments}`, plain.
            scope: Where its names are looked up, and whose words it speaks.

        Raises:
            MMLightError: If it cannot be translated; several problems are raised together.
        """
        report = Report(scope=scope)
        node = to_nodes(cfg)
        node = self.upgrade(node) if scope in OLD_SCOPES else node
        call = self.translate(Section(node, self.kind, report))
        raise_all(report.errors)
        assert call is not None  # a type that is unknown is an error
        return call

    def translate(self, section: Section, default: str | None = None) -> Call | None:
        """Translate one dict; None, with the problem recorded, when its type is unknown.

        Args:
            section: The dict, with a `type` key.
            default: The type when the key is missing.
        """
        name = section.take("type", default)
        row = self._find(section, name)
        if row is None:
            self._look_inside(section)
            return None
        kwargs: dict[str, Any] = dict(row.extra)
        origins = {}
        for key, reason in row.ignore.items():
            section.ignore(reason, key)
        for key in section.leftover:
            section.take(key)
            new = row.rename.get(key, key)
            kwargs[new] = self._argument(section, key, row)
            origins[new] = section.origin_of(key)
        origin = section.origin_of("type")
        return Call(row.target, kwargs, path=section.path, origins=origins, origin=origin)

    def _look_inside(self, section: Section) -> None:
        """Find the problems of what stands in a dict whose own type is unknown."""
        for key in self.nested_in_own:
            value = section.node.get(key)
            if isinstance(value, (ConfigDict, list, tuple)) and _holds_type(value):
                self.nested[key]().translate_nested(section, key)

    def translate_entry(self, section: Section, key: str) -> Any:
        """Translate an entry: a dict, or an object that is used as it is."""
        if section.holds_object(key):
            return section.take(key, to="used as it is, an object")
        return self.translate(section.take_section(key))

    def translate_list(self, section: Section, key: str) -> list[Any]:
        """Translate a list of dicts; a single dict, or an object, counts as a list of one."""
        if section.holds_object(key):
            return [section.take(key, to="used as it is, an object")]
        calls = [self.translate(item) for item in section.take_list(key)]
        return [call for call in calls if call is not None]

    def translate_nested(self, section: Section, key: str) -> Call | list[Any] | None:
        """Translate a dict into one call, a list into a list, lists inside likewise."""
        value = section.node[key]
        if isinstance(value, ConfigDict):
            return self.translate(section.take_section(key))
        if not any(isinstance(item, (list, tuple)) for item in value):
            return self.translate_list(section, key)
        section.take(key)
        return self._translate_items(value, section.key_path(key), section.report)

    def _translate_items(self, items: Iterable[Any], path: str, report: Report) -> list[Any]:
        found: list[Any] = []
        for index, item in enumerate(items):
            place = join_path(path, index)
            if isinstance(item, (list, tuple)):
                found.append(self._translate_items(item, place, report))
                continue
            origin = known_origin_of_node(item)
            call = self.translate(Section(item, (origin and origin.path) or place, report))
            found += [] if call is None else [call]
        return found

    def _argument(self, section: Section, key: str, row: Row) -> Any:
        is_own = self.rows.get(row.name) is not row
        value = load_constants(section.node[key], section.origin_of(key))
        for path in find_import_paths(value) if section.report.safe else ():
            refuse_import_path(section, key, path)
        if is_own and key not in self.nested_in_own:
            return to_plain(value)
        if value is None and key == "init_cfg":
            return []  # in mm None keeps torch's values, here it means the class's own default
        if key not in self.nested or key in row.verbatim or not _holds_type(value):
            return to_plain(value)
        return self.nested[key]().translate_nested(section, key)

    def _find(self, section: Section, name: Any) -> Row | None:
        """Find the row of a type, or make the row of a user's class; None when it is refused."""
        if callable(name) and hasattr(name, "__qualname__"):
            return self._make_row(section, name)
        if not isinstance(name, str):
            self._refuse(section, name)
            return None
        registry = self.registry.in_scope(section.report.scope)
        found = registry.find(name, self.scopes)
        if found is None and bare_name(name) != name:  # the path that a lazy config imports
            found = registry.find(bare_name(name), self.scopes)
        if found is None:
            if not is_import_path(name):
                self._refuse(section, name)
                return None
            if section.report.safe and name not in {row.target for row in self.rows.values()}:
                refuse_import_path(section, "type", name)
                return None
            return Row(str(name), str(name))  # of a lazy config as well
        self._note_where(section, found)
        return (
            self.rows[bare_name(name)]
            if not found.target
            else self._make_row(section, found.target)
        )

    def _make_row(self, section: Section, target: Callable[..., Any]) -> Row | None:
        """Describe a user's class by its import path."""
        path = f"{target.__module__}.{getattr(target, '__qualname__', repr(target))}"
        problem = find_import_problem(target, path)
        if not problem:
            return Row(target.__name__, path)
        section.refuse("type", problem, next_step="Define it at the top level of a module.")
        return None

    def _note_where(self, section: Section, found: Found) -> None:
        if not found.is_near:
            source = "the installed package" if found.is_installed else "the registry of"
            section.note("type", f"The {self.kind} comes from {source} {found.scope}.")

    def _refuse(self, section: Section, name: Any) -> None:
        known = [*self.rows, *(n for place in self.registry.family for n in place)]
        unknown, missing = f"unknown {self.kind} type {name!r}", f"the {self.kind} has no type"
        purpose = self.purposes.get(bare_name(name)) if isinstance(name, str) else None
        if purpose is not None:
            unknown = (
                f"the {self.kind} {bare_name(name)!r} is for {purpose}, which mmlight does not do"
            )
        error = UnsupportedTypeError(
            section.key_path("type"),
            unknown if name is not None else missing,
            origin=section.origin_of("type"),
            expected=list_names(known),
            nearest=nearest_name(str(name).rpartition(".")[2], known),
            next_step=f"Correct the name, or register your class (rows: {self.file}).",
        )
        section.report.errors.append(error)


def _holds_type(value: Any) -> bool:
    """Tell whether a value is a `dict(type=...)` or a list of them."""
    if isinstance(value, (list, tuple)):
        return bool(value) and all(_holds_type(item) for item in value)
    return isinstance(value, ConfigDict) and "type" in value
