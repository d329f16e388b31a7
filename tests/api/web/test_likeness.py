"""How two values of a field compare: in words of what is shown, and of what the model found."""

import pytest

from mdm_api.web.build_review import likeness_of
from mdm_api.web.views.review import Likeness

MASKED = "•••.•••.670-••"


@pytest.mark.parametrize(
    ("left", "right", "levels", "expected"),
    [
        ([], ["Ana"], {}, Likeness.MISSING),
        (["JOSÉ Lima"], ["Jose lima"], {"given": "equal"}, Likeness.EQUAL),
        (["Slv"], ["Silva"], {"surname": "typo"}, Likeness.ALIKE),
        (["Joaquim"], ["Matheus"], {"given": "conflict"}, Likeness.DIFFERENT),
        (["F"], ["M"], {"sex": "conflict_of_one_name"}, Likeness.DIFFERENT),
        ([MASKED], [MASKED], {"cpf": "conflict"}, Likeness.DIFFERENT),
        ([MASKED], [MASKED], {"cpf": "equal"}, Likeness.EQUAL),
        (["Rua A, 348, 90870-000"], ["90870-000"], {"address": "missing"}, Likeness.ALIKE),
        (["(51) 3289-0014", "(51) 3222-1111"], ["(51) 3289-0014"], {}, Likeness.ALIKE),
        (["(51) 98879-7448"], ["(54) 3200-0011"], {}, Likeness.DIFFERENT),
    ],
)
def test_values_compare_as_they_are_not_only_as_they_are_shown(
    left: list[str], right: list[str], levels: dict[str, str], expected: Likeness
) -> None:
    assert likeness_of(left, right, levels) is expected
    assert likeness_of(right, left, levels) is expected
