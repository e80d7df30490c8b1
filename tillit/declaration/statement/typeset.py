"""The process that sets one PDF: an order as JSON on standard input, PDF bytes on standard output."""

import json
import sys
from pathlib import Path

import typst


def main() -> int:
    """Set the document of the order with the template named on the command line."""
    order = json.load(sys.stdin.buffer)
    compiler = typst.Compiler(
        Path(sys.argv[1]),
        font_paths=typst.Fonts(include_system_fonts=False),
        sys_inputs={"document": json.dumps(order["document"])},
    )
    pdf = compiler.compile(format="pdf", pdf_standards=["ua-1"], timestamp=order["made"])
    if not isinstance(pdf, bytes):
        return 1
    sys.stdout.buffer.write(pdf)
    return 0


if __name__ == "__main__":
    sys.exit(main())
