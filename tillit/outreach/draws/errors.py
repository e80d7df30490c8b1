"""What can go wrong with a draw."""

from tillit.kernel.errors import TillitError


class DrawError(TillitError):
    """`draw-order`: the steps come in their order, each once; `draw-list`: tickets are 32 hexadecimal digits, each
    once; `draw-announced`: a number is announced for a moment to come, or not at all; `draw-early`: it is not known
    yet; `draw-late`: the list stood later than it, so another must be announced; `draw-faults`: the draw is not what
    its seed and list say.
    """

    exit_code = 2
