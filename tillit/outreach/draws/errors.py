"""What can go wrong with a draw."""

from tillit.kernel.errors import TillitError


class DrawError(TillitError):
    """`draw-order`: the steps come in their order, each once; `draw-list`: tickets are 32 hexadecimal digits, each
    once; `draw-faults`: the draw is not what its seed and list say.
    """

    exit_code = 2
