import logging

from mmlight.records import MOST, RUN_LOGGER, keep_records, take_records, telling_all


def test_messages_are_kept_until_they_are_taken():
    handlers = list(RUN_LOGGER.handlers)
    with keep_records():
        RUN_LOGGER.info("a %s", 1)
        logging.getLogger("mmlight.code").warning("b")
        assert [record.getMessage() for record in take_records()] == ["a 1", "b"]
        RUN_LOGGER.info("later, there is a file")
        assert take_records() == []
    assert RUN_LOGGER.handlers == handlers


def test_a_function_keeps_what_it_says():
    @keep_records()
    def speak():
        RUN_LOGGER.info("x")
        return len(take_records())

    assert (speak(), speak()) == (1, 1)


def test_the_last_messages_stay_when_there_are_many():
    with keep_records():
        for number in range(MOST + 3):
            RUN_LOGGER.info(number)
        found = take_records()
    assert (len(found), found[-1].msg) == (MOST, MOST + 2)


def test_a_level_that_somebody_chose_stays(monkeypatch):
    for level, during in ((logging.NOTSET, logging.INFO), (logging.ERROR, logging.ERROR)):
        RUN_LOGGER.setLevel(level)
        with telling_all():
            assert RUN_LOGGER.level == during
        assert RUN_LOGGER.level == level
    RUN_LOGGER.setLevel(logging.NOTSET)
