"""What is kept is bounded in bytes, and what is used stays longer than what is not."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from profilegate.second_chance import CHANCES, SecondChance

MOST = 100


class Thing(Struct, eq=False):
    size: int
    is_used: bool = False


def kept_of(sizes: dict[str, int]) -> SecondChance[str, Thing]:
    kept: SecondChance[str, Thing] = SecondChance(MOST)
    for key, size in sizes.items():
        kept.put(key, Thing(size))
    return kept


def there(kept: SecondChance[str, Thing], keys: str) -> str:
    return "".join(key for key in keys if kept.get(key) is not None)


def test_what_came_first_is_forgotten_first() -> None:
    assert there(kept_of({"a": 50, "b": 30, "c": 30}), "abc") == "bc"


def test_what_has_been_used_is_let_stay_once() -> None:
    kept = kept_of({"a": 50, "b": 50})
    first = kept.get("a")
    assert first is not None
    first.is_used = True
    kept.put("c", Thing(50))
    assert there(kept, "abc") == "ac"
    kept.put("d", Thing(50))
    assert there(kept, "acd") == "cd"


def test_what_is_larger_than_all_is_not_kept_and_pushes_out_nothing_else() -> None:
    kept = kept_of({"a": 50, "b": 50})
    kept.put("b", Thing(MOST + 1))
    assert (there(kept, "ab"), kept.size) == ("a", 50)


def test_a_crowd_in_use_does_not_keep_the_next_one_waiting_for_long() -> None:
    kept: SecondChance[int, Thing] = SecondChance(1_000)
    for number in range(1_000):
        kept.put(number, Thing(1, is_used=True))
    kept.put(1_000, Thing(1))
    others = [kept.get(number) for number in range(1_000)]
    assert sum(1 for each in others if each is None) == 1
    assert sum(1 for each in others if each is not None and not each.is_used) == CHANCES


steps = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.integers(1, MOST + 1), st.sampled_from(["put", "use", "drop"]))
)


@given(steps)
def test_in_any_history_the_bytes_are_bounded_and_whoever_leaves_is_named_once(
    history: list[tuple[str, int, str]],
) -> None:
    left: list[Thing] = []
    kept: SecondChance[str, Thing] = SecondChance(MOST, left.append)
    put: list[Thing] = []
    for key, size, step in history:
        if step == "put":
            put.append(Thing(size))
            kept.put(key, put[-1])
        elif step == "drop":
            kept.forget(key)
        elif (known := kept.get(key)) is not None:
            known.is_used = True
        inside = [known for key in "abcdef" if (known := kept.get(key)) is not None]
        assert kept.size == sum(each.size for each in inside) <= MOST
        assert len(left) == len({*map(id, left)})
        assert {*map(id, left)} | {*map(id, inside)} == {id(each) for each in put if each.size <= MOST}
    kept.clear()
    assert (kept.size, len(left)) == (0, sum(each.size <= MOST for each in put))
