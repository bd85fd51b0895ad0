"""An answer that was cut off, or is something else, is told from a whole one."""

from __future__ import annotations

import json

from prompts.answers import is_whole


def test_an_answer_is_whole_where_it_holds_a_list_of_proposals() -> None:
    whole = json.dumps({"proposals": [{"config": {}}]})
    assert is_whole(whole) and is_whole('{"proposals": []}')
    assert not any(is_whole(cut) for cut in (whole[:-3], "[]", "{}", '{"proposals": 1}'))
