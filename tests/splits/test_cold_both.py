from tfcold import splits


def test_every_pair_of_groups_goes_where_it_belongs(made):
    # 10 users x 10 items, 2 of each for the test, 1 of each for validation, 7 of each stay
    dataset = made(*(f"u{user} i{item}" for user in range(10) for item in range(10)))

    split = splits.cold_both(dataset, warm_test=0, warm_validation=0)

    assert len(split.train) == 7 * 7
    assert {regime: len(rows) for regime, rows in split.test.items()} == {
        "warm": 0,
        "cold_item": 7 * 2,
        "cold_user": 2 * 7,
        "cold_both": 2 * 2,
    }
    assert {regime: len(rows) for regime, rows in split.validation.items()} == {
        "warm": 0,
        "cold_item": 7,
        "cold_user": 7,
        "cold_both": 1,
    }
    unused = split.describe().set_index("part").loc["unused", "rows"]
    assert unused == 2 * 1 + 1 * 2  # test users with validation items, and the other way round


def test_all_four_regimes_and_revealed_rows_at_once(world):
    split = splits.cold_both(world, reveal=2)

    assert all(len(rows) for rows in split.test.values())
    assert all(len(rows) for rows in split.validation.values())
    assert split.warm_items[world.item_rows[split.revealed]].all()
