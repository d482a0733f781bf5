"""What the page says in Chinese of a report that cannot be read; programs get the English line, which names the file."""

from __future__ import annotations

import re

from fazhi.errors import FazhiError, InputError, MissingExtraError

_SAID: tuple[tuple[str, str], ...] = (
    (r"the file is empty", "文件是空的，请重新保存后再试"),
    (r"no report in it \((\d+) Chinese", "其中只有{0}个汉字，不像一份报告，请提供报告全文"),
    (r"no Chinese text", "其中没有中文，请提供报告全文"),
    (r"has ([\d.]+) MB, the limit is ([\d.]+)", "内容有{0} MB，超过上限{1} MB（启动服务时可用 --max-megabytes 调高）"),
    (r"longer than ([\d.]+) seconds", "读取超过{0}秒，已停止；请另存为 txt 或 docx 再试"),
    (r"(\d+) pages, the limit is (\d+)", "共{0}页，超过上限{1}页，请拆开后再试"),
    (r"scanned PDF", "这是扫描件，没有文字层，请先做文字识别（OCR）"),
    (r"password|encrypted", "文件有密码，请去掉密码、另存后再试"),
    (r"old Word or Excel|an RTF file", "这种格式（doc、xls、rtf）不能读，请另存为 docx"),
    (r"a picture", "这是图片，请先做文字识别（OCR）"),
    (r"PostScript", "这是 PostScript 文件，请先转成 PDF"),
    (r"zip archive that is no Word|a compressed file", "这是压缩文件，请先解压"),
    (r"damaged|without a page", "文件已损坏或不完整，请重新下载或另存后再试"),
    (r"unknown text encoding", "文字编码无法识别，请另存为 UTF-8 后再试"),
    (r"binary data|JSON, no report|declares a document type", "这不是报告，请提供 txt、html、docx 或 pdf 文件"),
)


def in_chinese(error: FazhiError) -> str | None:
    """Return what was wrong and the remedy in Chinese; None for what only a program can get wrong."""
    if isinstance(error, MissingExtraError):
        return "服务器没有安装读取 Word 和 PDF 的组件（pip install 'fazhi[documents]'）"
    if isinstance(error, InputError):
        for pattern, said in _SAID:
            if match := re.search(pattern, error.what):
                return said.format(*match.groups())
    return None
