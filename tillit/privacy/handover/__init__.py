"""A controller's people and data go to another controller of the installation: merger, acquisition, sale (A10).

    plan        the two declarations compared; the day, after the notice promised where they differ materially
    announce    everybody is told who takes over, when, what differs, and that they may object or leave
    carry out   person by person, each in one transaction: rows copied under the receiver's subject and keys, digests
                made anew, choices as they may go, a disclosure on record; then ended and erased at the giver

Invariants: nobody who objected, and nobody whose processing is restricted, is moved; nobody is moved before the day, or
untold where the declarations differ materially; a run that stops is taken up where it stopped; no list joins the two
registers' subjects. What tables do not move (`moves`) stays with the giver and goes by its rules.
"""
