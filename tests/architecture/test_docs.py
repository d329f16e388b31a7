"""The pages say what the program does: commands, settings, refusals, tables, decisions."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from mdm.cli.app import build_app, main
from mdm.cli.refusals import failure_of
from mdm.errors import MdmError
from mdm.settings import Settings
from mdm.storage.tables import declared_tables
from support.contract import contract

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
READMES = (ROOT / "README.md", ROOT / "README.pt-BR.md")
PAGES = sorted(
    {*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(ROOT / "linkage_models").rglob("*.md")},
    key=str,
)
ADRS = sorted((DOCS / "adr").glob("0*.md"))
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
OUR_FILE = re.compile(r"(?:src|tests|docs|bench|data|linkage_models)/[\w./-]+")
GLOBAL_OPTIONS = {"--home", "--json", "--version"}


def read(path: Path) -> str:
    return path.read_text("utf-8")


def commands() -> dict[str, set[str]]:
    """Every command by its words, with its options."""
    found: dict[str, set[str]] = {}

    def walk(words: tuple[str, ...], command: object) -> None:
        if isinstance(command, TyperGroup):
            for name, inner in command.commands.items():
                walk((*words, name), inner)
        else:
            params = getattr(command, "params", [])
            found[" ".join(words)] = {"--help", *(o for p in params for o in p.opts)}

    walk((), get_command(build_app()))
    return found


def shown_commands(text: str) -> list[str]:
    """What stands in code and begins with `mdm`, in the order of the page."""
    shown = []
    for match in re.finditer(rf"{FENCE.pattern}|{SPAN.pattern}", text, re.DOTALL | re.MULTILINE):
        code = match.group(2) if match.group(2) is not None else match.group(3)
        shown += [line.strip() for line in code.splitlines() if line.strip().startswith("mdm ")]
    return shown


def fault_of(line: str, known: dict[str, set[str]]) -> str | None:
    """What is wrong with a command as shown; None if it could be given."""
    words = line.split()[1:]
    while words and words[0] in GLOBAL_OPTIONS:
        words = words[2:] if words[0] == "--home" else words[1:]
    if not words or words[0] == "COMMAND":
        return None
    name = next((n for n in (" ".join(words[:2]), words[0]) if n in known), None)
    if name is None:
        is_group = any(other.startswith(f"{words[0]} ") for other in known)
        return None if is_group and len(words) == 1 else "no such command"
    wrong = {w.partition("=")[0] for w in words if w.startswith("--")} - known[name]
    return f"no option {', '.join(sorted(wrong))}" if wrong else None


def code_blocks(path: Path, language: str) -> list[str]:
    return [body for kind, body in FENCE.findall(read(path)) if kind == language]


def outside_code(path: Path) -> str:
    return FENCE.sub("", read(path))


def refusal_classes(base: type[MdmError] = MdmError) -> Iterator[type[MdmError]]:
    yield base
    for inner in base.__subclasses__():
        yield from refusal_classes(inner)


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.name)
def test_every_command_stands_in_the_table_of_both_readmes(readme: Path) -> None:
    rows = [line for line in read(readme).splitlines() if line.startswith("| `mdm ")]

    missing = [name for name in commands() if not any(f"`mdm {name}" in row for row in rows)]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_shown_exists_with_its_options(page: Path) -> None:
    known = commands()

    faults = {line: fault_of(line, known) for line in shown_commands(read(page))}
    assert {line: fault for line, fault in faults.items() if fault is not None} == {}


def test_the_command_contract_names_commands_that_exist() -> None:
    named = set(contract()) - {"error", "load accept"}
    known = set(commands())
    groups = {command.rsplit(" ", 1)[0] for command in known}

    assert named - known - groups == set()


def test_every_refusal_has_its_line_in_operations_and_no_line_is_left_over() -> None:
    codes = {kind.code for kind in refusal_classes() if kind.__module__.startswith("mdm.errors")}
    of_the_shell = {failure_of(error).code for error in (ValueError(), KeyboardInterrupt())}

    section = read(DOCS / "operations.md").split("## Refusals")[1].split("\n## ")[0]
    listed = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    assert listed == sorted(codes | of_the_shell)


def test_every_setting_is_documented_and_every_documented_one_is_read() -> None:
    declared = {f"MDM_{name.upper()}" for name in Settings.model_fields}
    read_directly = {
        name
        for path in (ROOT / "src").rglob("*.py")
        for name in re.findall(r'"(MDM_[A-Z_]+)"', read(path))
    }

    listed = re.findall(r"^\| `(MDM_\w+)` \|", read(DOCS / "operations.md"), re.MULTILINE)
    assert sorted(listed) == sorted(declared | read_directly)


def test_the_index_of_decisions_is_complete_and_repeats_their_titles() -> None:
    titles = {path.name: read(path).splitlines()[0].removeprefix("# ")[5:] for path in ADRS}

    rows = re.findall(r"^\| \[(\d{4})\]\(([\w-]+\.md)\) \| (.+) \|$", read(DOCS / "adr/README.md"),
                      re.MULTILINE)  # fmt: skip
    assert {name: title for _, name, title in rows} == titles
    assert [number for number, _, _ in rows] == [f"{n:04d}" for n in range(1, len(ADRS) + 1)]


@pytest.mark.parametrize("adr", ADRS, ids=lambda path: path.name[:4])
def test_a_decision_has_its_five_parts(adr: Path) -> None:
    assert re.findall(r"^## (.+)$", read(adr), re.MULTILINE) == [
        "Context",
        "Decision",
        "Consequences",
        "Alternatives",
        "What enforces it",
    ]


def test_the_two_readmes_say_the_same() -> None:
    english, portuguese = map(read, READMES)

    def headings(text: str) -> list[str]:
        return re.findall(r"^(#+) ", FENCE.sub("", text), re.MULTILINE)

    def table_rows(text: str) -> list[str]:
        return re.findall(r"^\| (`mdm [^|]+?) \|", text, re.MULTILINE)

    assert headings(english) == headings(portuguese)
    assert FENCE.findall(english) == FENCE.findall(portuguese)
    assert shown_commands(english) == shown_commands(portuguese)
    assert table_rows(english) == table_rows(portuguese)
    assert set(LINK.findall(english)) ^ set(LINK.findall(portuguese)) == {
        "README.md",
        "README.pt-BR.md",
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_and_files_that_a_page_names_exist(page: Path) -> None:
    text = outside_code(page)
    links = [link for link in LINK.findall(text) if not link.startswith("http")]
    named = [span for span in SPAN.findall(text) if OUR_FILE.fullmatch(span)]

    missing = [link for link in links if not (page.parent / link).exists()]
    missing += [name for name in named if not (ROOT / name).exists()]
    assert missing == []


def test_the_tables_of_the_architecture_page_name_every_column() -> None:
    section = read(DOCS / "architecture.md").split("## The registry's tables")[1]
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", section.split("\n## ")[0], re.MULTILINE))

    declared = {table.name: {c.name for c in table.columns} for table in declared_tables()}
    assert set(rows) == set(declared)
    for name, columns in declared.items():
        unnamed = columns - set(re.findall(r"\w+", rows[name])) - {"row_check"}
        assert unnamed == set(), name


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the two files of the worked example, from where commands are given."""
    (csv,), (toml,) = (code_blocks(DOCS / "sources.md", kind) for kind in ("csv", "toml"))
    (tmp_path / "inscritos.csv").write_bytes(csv.encode("latin-1"))
    (tmp_path / "esporte.toml").write_text(toml, "utf-8")
    monkeypatch.chdir(tmp_path)
    for name in ("MDM_HOME", "MDM_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.mark.usefixtures("example")
def test_the_worked_example_of_a_source_answers_as_its_page_shows(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shown = code_blocks(DOCS / "sources.md", "")[0]

    assert main(["source", "check", "esporte.toml", "inscritos.csv"]) == 0
    answered = {tuple(line.split()) for line in capsys.readouterr().out.splitlines()}
    assert [line for line in shown.splitlines() if tuple(line.split()) not in answered] == []


@pytest.mark.usefixtures("example")
def test_the_worked_example_of_a_source_can_be_loaded() -> None:
    shell = code_blocks(DOCS / "sources.md", "sh")
    steps = next(block for block in shell if block.startswith("mdm init"))

    statuses = [main(line.split()[1:]) for line in steps.splitlines()]
    assert statuses == [0, 0, 0, 0]
