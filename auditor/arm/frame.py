"""One template at work: its parameters, variables, functions and resources, each worked out when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any

from auditor.arm.evaluate import Env, UserFunction, copied, counted, loops_in, resolve
from auditor.arm.result import Fault, Gap, Source
from auditor.arm.scope import Scope, id_of, is_type, kind_of_schema
from auditor.arm.syntax import Call, Literal, parse
from auditor.arm.types import check, is_nullable, is_secure
from auditor.arm.values import Open, TemplateError, Unknown, Value, key_of

DEPLOYMENTS = "microsoft.resources/deployments"
_GROUPS = "microsoft.resources/resourcegroups"
_DEEPEST = 12
_MOST_RESOURCES = 20_000

Read = Callable[[str, str], tuple[str, Mapping[str, Any]] | None]
"""Gives a file by its path relative to another one: its name and its JSON; `None` where it is not at hand."""


@dataclass
class Run:
    """What all the templates of one expansion share."""

    read: Read
    faults: list[Fault] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    resources: int = 0


def pointer_of(base: str, steps: Sequence[str | int]) -> str:
    """A JSON pointer with further steps behind it (RFC 6901)."""
    return base + "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in steps)


def entries_of(value: Any) -> list[tuple[str | int, Any]]:
    """Key or index and each entry of an object or a list; nothing of anything else."""
    if isinstance(value, Mapping):
        return list(value.items())
    return list(enumerate(value)) if isinstance(value, list) else []


def dict_of(value: Any) -> Mapping[str, Any]:
    """The value where it is an object; an empty one otherwise."""
    return value if isinstance(value, Mapping) else {}


class Frame:
    """A template in its scope. `given` are the values of its parameters, by name as they were given."""

    def __init__(
        self,
        template: Mapping[str, Any],
        source: Source,
        scope: Scope,
        given: Mapping[str, Value],
        *,
        run: Run,
        above: Frame | None = None,
        outer: Env | None = None,
    ) -> None:
        self.template = template
        self.source = source
        self.target = scope
        self.run = run
        self.above = above
        self.depth: int = above.depth + 1 if above is not None else 0
        self.given = {key.casefold(): value for key, value in given.items()}
        self.env = outer if outer is not None else Env(self)
        self.inner = outer is None
        self.definitions = dict_of(template.get("definitions"))
        self._declared = {key.casefold(): (key, dict_of(each)) for key, each in self._section("parameters").items()}
        self._variables_stated = {key.casefold(): (key, each) for key, each in self._section("variables").items()}
        self._parameters: dict[str, Value] = {}
        self._variables: dict[str, Value] = {}
        self._working: set[tuple[str, str]] = set()
        self._listing = self._naming = False

    def _section(self, name: str) -> Mapping[str, Any]:
        return dict_of(self.template.get(name))

    @property
    def scope(self) -> Scope:
        """As `Names.scope`."""
        return self.target

    # Parameters

    def missing(self) -> list[str]:
        """Parameters that need a value and have none."""
        return [
            name
            for key, (name, schema) in self._declared.items()
            if key not in self.given and "defaultValue" not in schema and not is_nullable(schema, self.definitions)
        ]

    def undeclared(self) -> list[str]:
        """Values that are given for no parameter, in lower case."""
        return [key for key in self.given if key not in self._declared]

    def check_parameters(self) -> None:
        """Record a fault for each parameter whose value does not fit its type."""
        for name, _ in self._declared.values():
            with_fault(self, pointer_of(self.source.pointer, ("parameters", name)), partial(self.parameter, name))

    def parameter(self, name: str) -> Value:
        """As `Names.parameter`."""
        key = name.casefold()
        if key not in self._parameters:
            if key not in self._declared:
                raise TemplateError(f"the template declares no parameter {name}")
            stated, schema = self._declared[key]
            self._parameters[key] = self._worked_out(
                "parameter", stated, ("parameters", stated), lambda: self._parameter(key, stated, schema)
            )
        return self._parameters[key]

    def _parameter(self, key: str, name: str, schema: Mapping[str, Any]) -> Value:
        if key in self.given:
            value = self.given[key]
            if value is None and "defaultValue" in schema and not is_nullable(schema, self.definitions):
                value = self._default(schema)
        elif "defaultValue" in schema:
            value = self._default(schema)
        elif is_nullable(schema, self.definitions):
            value = None
        else:
            return Unknown(f"[parameters('{name}')]", f"parameters('{name}')")
        check(value, schema, self.definitions, f"the parameter {name}")
        if key in self.given and is_secure(schema, self.definitions):
            return _hidden(value, name)
        return value

    def _default(self, schema: Mapping[str, Any]) -> Value:
        try:
            return resolve(schema["defaultValue"], Env(self))
        except TemplateError as problem:
            if problem.pointer is None:
                problem.steps.append("defaultValue")
            raise

    def check_call(self, at: str, file: str) -> None:
        """Record what is wrong with the values that a deployment gives; `at` is where it stands in its file."""
        where = pointer_of(at, ("properties", "parameters"))
        sentences = [f"the template declares no parameter {name}" for name in self.undeclared()]
        missing = self.missing()
        if missing:
            sentences.append(f"the nested deployment gives no value for {', '.join(missing)}")
        for sentence in sentences:
            fault = Fault(sentence, Source(file, where))
            if fault not in self.run.faults:
                self.run.faults.append(fault)
        self.check_parameters()

    # Variables

    def variable(self, name: str) -> Value:
        """As `Names.variable`."""
        key = name.casefold()
        if key in self._variables:
            return self._variables[key]
        if key in self._variables_stated and not (key == "copy" and loops_in(self._variables_stated[key][1])):
            stated, value = self._variables_stated[key]
            work: Callable[[], Value] = partial(resolve, value, Env(self))
            steps: tuple[str | int, ...] = ("variables", stated)
        else:
            found = self._variable_loops.get(key)
            if found is None:
                raise TemplateError(f"the template declares no variable {name}")
            number, loop = found
            work = partial(copied, loop, Env(self))
            steps = ("variables", "copy", number)
        self._variables[key] = self._worked_out("variable", name, steps, work)
        return self._variables[key]

    @cached_property
    def _variable_loops(self) -> Mapping[str, tuple[int, Mapping[str, Any]]]:
        loops = loops_in(self._section("variables").get("copy"))
        return {str(each["name"]).casefold(): (n, each) for n, each in enumerate(loops)}

    def _worked_out(self, what: str, name: str, steps: tuple[str | int, ...], work: Callable[[], Value]) -> Value:
        mark = (what, name.casefold())
        if mark in self._working:
            raise TemplateError(f"the {what} {name} is made of itself")
        self._working.add(mark)
        try:
            return work()
        except TemplateError as problem:
            place(problem, self.source, steps)
            raise
        finally:
            self._working.discard(mark)

    # Functions of the template

    @cached_property
    def _functions(self) -> Mapping[str, UserFunction]:
        found = {}
        for _, space in entries_of(self.template.get("functions")):
            members = dict_of(dict_of(space).get("members"))
            for name, stated in members.items():
                parameters = [
                    str(dict_of(each).get("name")).casefold()
                    for _, each in entries_of(dict_of(stated).get("parameters"))
                ]
                value = dict_of(dict_of(stated).get("output")).get("value")
                found[f"{dict_of(space).get('namespace')}.{name}".casefold()] = UserFunction(tuple(parameters), value)
        return found

    def user_function(self, name: str) -> UserFunction | None:
        """As `Names.user_function`."""
        return self._functions.get(name)

    # Resources

    @cached_property
    def instances(self) -> list[Instance]:
        """Each resource of the template, as often as its loop makes it, and the children that stand in it."""
        self._listing = True
        try:
            return list(self._all_instances())
        finally:
            self._listing = False

    def _all_instances(self) -> Iterator[Instance]:
        stated = self.template.get("resources")
        for key, declaration in entries_of(stated):
            symbol = key if isinstance(key, str) else ""
            yield from self._declared_instances(dict_of(declaration), ("resources", key), symbol, None, self.env)

    def _declared_instances(
        self,
        declaration: Mapping[str, Any],
        steps: tuple[str | int, ...],
        symbol: str,
        parent: Instance | None,
        env: Env,
    ) -> Iterator[Instance]:
        loop = declaration.get("copy")
        if isinstance(loop, Mapping):
            count = with_fault(self, pointer_of(self.source.pointer, steps), lambda: counted(loop.get("count"), env))
            if isinstance(count, Unknown):
                self._loop_gap(declaration, count, steps)
            turns = [
                (n, env.looped(str(loop.get("name") or ""), n, True))
                for n in range(count if isinstance(count, int) else 0)
            ]
        else:
            turns = [(-1, env)]
        for number, own in turns:
            self.run.resources += 1
            if self.run.resources > _MOST_RESOURCES:
                raise TemplateError(f"the template makes more than {_MOST_RESOURCES} resources")
            made = Instance(self, declaration, steps, symbol=symbol, number=number, env=own, parent=parent)
            yield made
            children = declaration.get("resources")
            for key, child in entries_of(children):
                name = key if isinstance(key, str) else ""
                yield from self._declared_instances(dict_of(child), (*steps, "resources", key), name, made, own)

    def _loop_gap(self, declaration: Mapping[str, Any], count: Unknown, steps: tuple[str | int, ...]) -> None:
        type_ = str(declaration.get("type", ""))
        because = f"how often the loop runs is the expression {count.as_expression()}"
        source = Source(self.source.file, pointer_of(self.source.pointer, steps))
        makes = "" if type_.casefold() == DEPLOYMENTS else type_
        gap = Gap(count, self.target.id or "", makes, because, source)
        if gap not in self.run.gaps:
            self.run.gaps.append(gap)

    @cached_property
    def _by_symbol(self) -> Mapping[str, Instance]:
        """Resources by their symbolic names, in lower case; those of a loop with their index behind."""
        named = [each for each in self.instances if each.symbol]
        return {
            (each.symbol if each.number < 0 else f"{each.symbol}[{each.number}]").casefold(): each for each in named
        }

    @cached_property
    def _by_name(self) -> Mapping[str, Instance]:
        """Resources by all that `reference` may call them by, in lower case."""
        found = dict(self._by_symbol)
        self._naming = True
        for each in self.instances:
            for key in (each.id, each.name):
                if isinstance(key, str):
                    found.setdefault(key.casefold(), each)
        self._naming = False
        return found

    def reference(self, target: str, full: bool) -> Value:
        """As `Names.reference`: outputs of nested deployments; of everything else, its id as an unknown."""
        # Counts, names and types may hold no reference (learn, "Resource functions": valid uses of reference).
        found = None if self._listing or self._naming else self._by_name.get(target.casefold())
        if found is None:
            return Unknown("")
        id_ = found.id
        if not found.is_deployment or found.existing or found.condition is not True:
            return Unknown("", id_) if isinstance(id_, str) else Unknown("")
        inside = found.nested
        if inside is None:
            return Unknown("", id_) if isinstance(id_, str) else Unknown("")
        shown = f"reference('{id_}')" if isinstance(id_, str) else f"reference('{target}')"
        base = Unknown(f"[{shown}]", shown)
        state = Open({"outputs": inside.outputs_of_reference(base)}, base)
        return Open({"properties": state, **({"id": id_} if isinstance(id_, str) else {})}, base) if full else state

    def references(self, symbol: str, full: bool) -> Value:
        """As `Names.references`: those that a false condition leaves out do not count."""
        if self._listing or self._naming:
            return Unknown("")
        loop = [each for each in self.instances if each.symbol.casefold() == symbol.casefold() and each.number >= 0]
        whole = loop and all(each.is_deployment and isinstance(each.condition, bool) for each in loop)
        if not whole:
            return Unknown("")
        found = [self.reference(f"{symbol}[{each.number}]", full) for each in loop if each.condition]
        return Unknown("") if any(isinstance(each, Unknown) for each in found) else found

    def resource_info(self, symbol: str) -> Value:
        """As `Names.resource_info`."""
        if self._listing:
            return Unknown(f"[resourceInfo('{symbol}')]", f"resourceInfo('{symbol}')")
        found = self._by_symbol.get(symbol.casefold())
        if found is None:
            raise TemplateError(f"the template has no resource {symbol}")
        version = found.declaration.get("apiVersion")
        return {"id": found.id, "name": found.name, "type": found.type, "apiVersion": version}

    def group_location(self) -> str:
        """As `Names.group_location`."""
        return location_of(self, self.target)

    # Outputs

    @cached_property
    def outputs(self) -> dict[str, Value]:
        """The value of each output; one of a secure type is unknown."""
        found: dict[str, Value] = {}
        for name, stated in self._section("outputs").items():
            declared = dict_of(stated)
            at = pointer_of(self.source.pointer, ("outputs", name))
            value = with_fault(self, at, partial(self._output, declared, name))
            if value is not _ABSENT:
                found[name] = value
        return found

    def _output(self, declared: Mapping[str, Any], name: str) -> Value:
        condition = resolve(declared.get("condition", True), self.env)
        if condition is False:
            return _ABSENT
        if is_secure(declared, self.definitions):
            return Unknown(f"[outputs('{name}')]", f"outputs('{name}')")
        if isinstance(declared.get("copy"), Mapping):
            value = copied(declared["copy"], self.env, own=True)
        else:
            value = resolve(declared.get("value"), self.env)
        check(value, declared, self.definitions, f"the output {name}")
        return value

    def outputs_of_reference(self, base: Unknown) -> dict[str, Value]:
        """The outputs in the form that `reference` gives them."""
        shown: dict[str, Value] = {
            name: {"type": dict_of(self._section("outputs").get(name)).get("type"), "value": value}
            for name, value in self.outputs.items()
        }
        return shown


_ABSENT = object()


def with_fault(frame: Frame, at: str, work: Callable[[], Value]) -> Value:
    """What the work gives; where it finds that Azure would refuse the template, that is recorded, and it is unknown.

    `at` is the pointer of what is worked on.
    """
    try:
        return work()
    except TemplateError as problem:
        pointer = problem.pointer
        file = problem.file
        if pointer is None:
            file, pointer = frame.source.file, pointer_of(at, tuple(reversed(problem.steps)))
        fault = Fault(problem.sentence, Source(file, pointer), problem.expression)
    except RecursionError:
        fault = Fault("the template nests too deep", Source(frame.source.file, at))
    if fault not in frame.run.faults:
        frame.run.faults.append(fault)
    return Unknown(fault.expression or "[fail()]")


def place(problem: TemplateError, source: Source, steps: tuple[str | int, ...]) -> None:
    """Note where in a file a fault stands, unless a place closer to it is known."""
    if problem.pointer is None:
        problem.file = source.file
        problem.pointer = pointer_of(source.pointer, (*steps, *reversed(problem.steps)))


def _hidden(value: Value, name: str) -> Value:
    """A value of a secure type without its secrets: texts are unknown, and how many there are is kept."""
    if isinstance(value, str):
        return Unknown(f"[parameters('{name}')]", f"parameters('{name}')") if value else value
    if isinstance(value, dict):
        return {key: each if key.casefold() == "name" else _hidden(each, name) for key, each in value.items()}
    return [_hidden(each, name) for each in value] if isinstance(value, list) else value


def location_of(frame: Frame | None, target: Scope) -> str:
    """The region of a resource group: as it was told, or as a template around it makes the group."""
    if target.location:
        return target.location
    wanted = (target.id or "").casefold()
    while frame is not None and wanted:
        for each in frame.instances:
            location = each.declaration.get("location")
            if each.type.casefold() == _GROUPS and str(each.id).casefold() == wanted:
                try:
                    found = resolve(location, each.env)
                except TemplateError:
                    return ""
                return found if isinstance(found, str) else ""
        frame = frame.above
    return ""


class Instance:
    """One resource as it is declared, in one turn of its loop: `number` is its index, -1 outside of a loop."""

    def __init__(
        self,
        frame: Frame,
        declaration: Mapping[str, Any],
        steps: tuple[str | int, ...],
        *,
        symbol: str,
        number: int,
        env: Env,
        parent: Instance | None,
    ) -> None:
        self.frame = frame
        self.declaration = declaration
        self.symbol = symbol
        self.number = number
        self.env = env
        self.parent = parent
        self.source = Source(frame.source.file, pointer_of(frame.source.pointer, steps))

    def stated(self, key: str) -> Value:
        """A value of the declaration, worked out; unknown where it is at fault, which is recorded."""
        value = self.declaration.get(key)
        if not isinstance(value, (str, dict, list)):
            return value
        at = pointer_of(self.source.pointer, (key,))
        return with_fault(self.frame, at, lambda: resolve(value, self.env))

    @cached_property
    def extension(self) -> str:
        """The extension that it belongs to and so is no resource of Resource Manager; empty where it is one."""
        stated = self.declaration.get("extension") or self.declaration.get("import")
        if isinstance(stated, Mapping):
            return str(next(iter(stated.values()), ""))
        return str(stated or "")

    @cached_property
    def type(self) -> str:
        """The full type, in which a child has that of its parent before its own."""
        found = self.stated("type")
        own = found if isinstance(found, str) else ""
        if self.parent is None or is_type(own):
            return own
        return f"{self.parent.type}/{own}"

    @cached_property
    def name(self) -> str | Unknown:
        """The full name, in which a child has that of its parent before its own."""
        found = self.stated("name")
        if isinstance(found, Unknown):
            return found
        own = found if isinstance(found, str) else ""
        if self.parent is None or own.count("/") + 1 == self.type.count("/") or self._extends_parent:
            return own
        above = self.parent.name
        return above if isinstance(above, Unknown) else f"{above}/{own}"

    @cached_property
    def _extends_parent(self) -> bool:
        """Whether it stands in a resource of another type that it extends: a lock in a vault."""
        return self.parent is not None and not self.type.casefold().startswith(f"{self.parent.type}/".casefold())

    @cached_property
    def existing(self) -> bool:
        """Whether the template takes it to be there."""
        return self.declaration.get("existing") is True

    @cached_property
    def is_deployment(self) -> bool:
        """Whether it deploys a template itself."""
        return self.type.casefold() == DEPLOYMENTS

    @cached_property
    def condition(self) -> bool | Unknown:
        """Whether it is deployed."""
        found = self.stated("condition") if "condition" in self.declaration else True
        if isinstance(found, (bool, Unknown)):
            return found
        at = pointer_of(self.source.pointer, ("condition",))

        def refuse() -> Value:
            raise TemplateError("the condition has to be true or false")

        refused = with_fault(self.frame, at, refuse)
        return refused if isinstance(refused, Unknown) else Unknown("[condition]")

    @cached_property
    def target(self) -> Scope:
        """The scope that it stands in: that of the template, or of a deployment the one it names."""
        own = self.frame.target
        if not self.is_deployment:
            return own
        subscription, group, scope = (self.stated(key) for key in ("subscriptionId", "resourceGroup", "scope"))
        name = self.name if isinstance(self.name, str) else ""
        found = replace(own, deployment=name)
        if isinstance(scope, str) and scope.strip("/").casefold().startswith(("microsoft.management", "providers")):
            group_name = scope.rpartition("/")[2]
            found = replace(
                found, kind="managementGroup", management_group=group_name, subscription="", group="", location=""
            )
        elif scope == "/":
            found = replace(found, kind="tenant", subscription="", group="", location="")
        elif isinstance(scope, Unknown):
            found = replace(found, subscription="", group="", location="")
        if subscription is not None or group is not None:
            sub = own.subscription if subscription is None else subscription if isinstance(subscription, str) else ""
            if group is None:
                return replace(found, kind="subscription", subscription=sub, group="", location="")
            name = group if isinstance(group, str) else ""
            here = (sub.casefold(), name.casefold()) == (own.subscription.casefold(), own.group.casefold())
            location = own.location if here else ""
            found = replace(found, kind="resourceGroup", subscription=sub, group=name, location=location)
        return found

    @cached_property
    def id(self) -> str | Unknown:
        """The id, or the expression that it hangs on."""
        found = with_fault(self.frame, self.source.pointer, self._id)
        return found if isinstance(found, (str, Unknown)) else Unknown("[name]")

    def _id(self) -> Value:
        if isinstance(self.name, Unknown):
            return self.name
        names = self.name.split("/")
        if self._extends_parent and self.parent is not None:
            above = self.parent.id
            return above if isinstance(above, Unknown) else id_of(above, self.type, names)
        scope = self.scope_id
        if scope is None:
            base = f"{_BASES[self.target.kind]}.id"
            return Unknown(f"[{base}]", f"concat({base}, '/providers/{self.type}/{self.name}')")
        return scope if isinstance(scope, Unknown) else id_of(scope, self.type, names)

    @cached_property
    def scope_id(self) -> str | Unknown | None:
        """The id of what it stands on, empty for the tenant; `None` where too little of the deployment is told."""
        stated = None if self.is_deployment else self.stated("scope")
        if self.parent is not None and stated is None and not self._extends_parent:
            return self.parent.scope_id
        if not isinstance(stated, str):
            return stated if isinstance(stated, Unknown) else self.target.id
        if stated.startswith("/"):
            return stated.rstrip("/")
        base = self.frame.target.id
        return None if base is None else f"{base}/providers/{stated}"

    # Nested deployments

    @cached_property
    def nested(self) -> Frame | None:
        """The template that it deploys; `None` where none is at hand, of which `unread` is the reason."""
        found = with_fault(self.frame, self.source.pointer, self._nested)
        return found if isinstance(found, Frame) else None

    @cached_property
    def unread(self) -> str:
        """Why the template that it deploys is not at hand; empty where it is."""
        if self.nested is not None:
            return ""
        return (
            "its template is not at hand"
            if self._link or "templateLink" in self._properties
            else "it names no template"
        )

    @property
    def _properties(self) -> Mapping[str, Any]:
        return dict_of(self.declaration.get("properties"))

    def _nested(self) -> Frame | None:
        if self.frame.depth >= _DEEPEST:
            raise TemplateError(f"deployments nest deeper than {_DEEPEST} levels")
        template, source = self._template()
        if template is None:
            return None
        options = dict_of(self._properties.get("expressionEvaluationOptions"))
        inner = "templateLink" in self._properties or str(options.get("scope", "outer")).casefold() == "inner"
        kind = kind_of_schema(str(template.get("$schema", "")))
        target = self.target
        if kind == "subscription" and target.kind == "resourceGroup" and "resourceGroup" not in self.declaration:
            target = replace(target, kind="subscription", group="", location="")
        given = self._given() if inner else {}
        made = Frame(
            template, source, target, given, run=self.frame.run, above=self.frame, outer=None if inner else self.env
        )
        if inner:
            made.check_call(self.source.pointer, self.frame.source.file)
        return made

    def _template(self) -> tuple[Mapping[str, Any] | None, Source]:
        inline = self._properties.get("template")
        at = Source(self.source.file, pointer_of(self.source.pointer, ("properties", "template")))
        if isinstance(inline, str):
            found = resolve(inline, self.env)
            return (found if isinstance(found, dict) else None), at
        if isinstance(inline, Mapping):
            return inline, at
        path = self._link
        read = self.frame.run.read(path, self.source.file) if path else None
        return (read[1], Source(read[0], "")) if read is not None else (None, at)

    @cached_property
    def _link(self) -> str:
        """The relative path of the template that it links; empty where the link leads elsewhere.

        An artifact location that only the deployment knows (`uri(deployment().properties.templateLink.uri, PATH)`) is
        the folder of the template.
        """
        return self._path_in(dict_of(self._properties.get("templateLink")), "templateLink")

    def _path_in(self, link: Mapping[str, Any], key: str) -> str:
        at = pointer_of(self.source.pointer, ("properties", key))
        for name in ("relativePath", "uri"):
            found = with_fault(self.frame, at, partial(resolve, link.get(name), self.env))
            if isinstance(found, str) and "://" not in found:
                return found
            if isinstance(found, Unknown) and found.reduced:
                return _path_of(found.as_expression())
        return ""

    def _given(self) -> Mapping[str, Value]:
        stated = self._properties.get("parameters")
        if isinstance(stated, str):
            stated = resolve(stated, self.env)
        link = dict_of(self._properties.get("parametersLink"))
        if link:
            path = self._path_in(link, "parametersLink")
            read = self.frame.run.read(path, self.source.file) if path else None
            if read is not None:
                return values_of(dict_of(read[1].get("parameters", read[1])), None)
        try:
            return values_of(dict_of(stated), self.env)
        except TemplateError as problem:
            if problem.pointer is None:
                problem.steps.extend(("parameters", "properties"))
            raise


_BASES = {
    "resourceGroup": "resourceGroup()",
    "subscription": "subscription()",
    "managementGroup": "managementGroup()",
    "tenant": "tenant()",
}


def values_of(stated: Mapping[str, Any], env: Env | None) -> dict[str, Value]:
    """The values of parameters as a file or a nested deployment gives them: `{name: {value}}`.

    Those of a file (`env` is `None`) are literal. What Key Vault holds is unknown.
    """
    found: dict[str, Value] = {}
    for name, each in stated.items():
        entry = dict_of(each)
        key = next((one for one in ("value", "reference", "expression", "copy") if key_of(entry, one)), "")
        if key == "value":
            found[name] = entry[key_of(entry, "value") or ""] if env is None else _value(name, entry, env)
        elif key == "copy" and env is not None and loops_in(entry["copy"]):
            found[name] = dict_of(resolve({"copy": entry["copy"]}, env)).get("value")
        elif key:
            found[name] = Unknown(f"[parameters('{name}')]", f"parameters('{name}')")
    return found


def _value(name: str, entry: Mapping[str, Any], env: Env) -> Value:
    try:
        return resolve(entry[key_of(entry, "value") or ""], env)
    except TemplateError as problem:
        if problem.pointer is None:
            problem.steps.extend(("value", name))
        raise


def _path_of(expression: str) -> str:
    """The path in `uri(BASE, 'PATH')`, whose base is not known; empty for any other expression."""
    try:
        node = parse(expression)
    except TemplateError:
        return ""
    if isinstance(node, Call) and node.name == "uri" and len(node.arguments) == 2:
        last = node.arguments[1]
        if isinstance(last, Literal) and isinstance(last.value, str) and "://" not in last.value:
            return last.value
    return ""
