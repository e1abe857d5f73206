import multiprocessing
import threading

from mmlight.data.storage.opened import open_once

FORK = multiprocessing.get_context("fork")


def test_thing_is_opened_once_when_threads_ask():
    made = []
    threads = [
        threading.Thread(target=open_once, args=("threads", lambda: made.append(1)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [1]


def _open_in_child(answers):
    left = []
    value = open_once("forked", lambda: "child's", left.append)
    answers.put((value, open_once("forked", lambda: "again"), left))


def test_thing_is_opened_anew_when_forked():
    assert open_once("forked", lambda: "parent's") == "parent's"
    answers = FORK.Queue()
    child = FORK.Process(target=_open_in_child, args=(answers,))
    child.start()
    assert answers.get(timeout=30) == ("child's", "child's", ["parent's"])
    child.join()
    assert open_once("forked", lambda: "again") == "parent's"
