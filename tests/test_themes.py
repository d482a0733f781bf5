"""Themes of statements."""

from __future__ import annotations

import pytest

from fazhi.errors import ConfigError
from fazhi.themes import OTHER, load, theme_of, themes


@pytest.mark.parametrize(
    ("text", "item", "theme"),
    [
        ("推行轻微违法不予处罚清单", None, "enforcement"),
        ("组织执法人员参加业务培训", "加强队伍建设", "capacity"),
        ("公开重大行政决策事项目录", None, "decisions"),
        ("落实“谁执法谁普法”责任制", None, "publicity"),
        ("办理法律援助案件", None, "legal_services"),
        ("邀请律师授课", "深入开展法治宣传", "publicity"),
        ("清理行政规范性文件", None, "rulemaking"),
        ("设立复议代收点", None, "disputes"),
        ("推进“一窗受理”改革", None, "functions"),
        ("种植花草", None, OTHER),
    ],
)
def test_one_theme_a_statement(text, item, theme):
    assert theme_of(text, item) == theme


def test_themes_have_codes_of_their_own():
    codes = [theme.code for theme in themes()]
    assert len(set(codes)) == len(codes) >= 10


def test_a_broken_file_is_named(tmp_path):
    path = tmp_path / "themes.yaml"
    path.write_text("themes:\n- {code: a, zh: 甲, outline: 一, words: '('}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"themes\.yaml: theme a"):
        load(path)
