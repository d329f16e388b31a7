from pathlib import Path

from mdm.synth.city import generate

SAMPLES = Path(__file__).parents[3] / "data" / "samples"


def test_the_samples_are_what_the_generator_writes(tmp_path: Path) -> None:
    summary = generate(tmp_path, 5000, 2026)
    files = [name for name in summary.files if not name.startswith("canonical/")]

    different = [
        name for name in files if (tmp_path / name).read_bytes() != (SAMPLES / name).read_bytes()
    ]

    assert different == []
    schools = {path.name for path in (SAMPLES / "educacenso").iterdir()}
    assert schools == {Path(name).name for name in files if name.startswith("educacenso/")}
