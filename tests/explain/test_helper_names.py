from mmlight.explain.helper_names import find_users

TEXT = """
norm = dict(a=1)
size = 5
steps = [dict(b=norm), size]
data = dict(steps=steps)
data['size'] = size
data.more = norm
data.update(steps=steps)
size = size + 1
"""


def test_users_are_found_when_statements_read_a_name(tmp_path):
    file = tmp_path / "a.py"
    file.write_text(TEXT)
    users = find_users([str(file)])
    assert (users["norm"], users["size"], users["steps"]) == (
        ["steps", "data"],
        ["steps", "data"],
        ["data"],
    )


def test_the_name_of_a_loop_is_no_user_when_it_stands_in_a_comprehension(tmp_path):
    (tmp_path / "a.py").write_text("mean = [1]\nfill = [round(x) for x in mean]\nx = mean[0]")
    assert find_users([str(tmp_path / "a.py")])["mean"] == ["fill", "x"]
    (tmp_path / "a.py").write_text("mean = [1]\nfill = [round(x) for x in mean]")
    assert find_users([str(tmp_path / "a.py")])["mean"] == ["fill"]


def test_users_are_found_when_names_come_from_a_base(tmp_path):
    (tmp_path / "a.py").write_text("model = _base_.net\nx = '{{_base_.size}}'\nloader = net")
    (tmp_path / "b.py").write_text("other = net\n")
    users = find_users([str(tmp_path / "a.py"), str(tmp_path / "b.py")])
    assert (users["net"], users["size"]) == (["model", "loader", "other"], ["x"])


def test_nothing_is_found_when_a_file_cannot_be_read(tmp_path):
    (tmp_path / "a.py").write_text("x = (")
    assert find_users([str(tmp_path / "a.py"), str(tmp_path / "none.py")]) == {}
