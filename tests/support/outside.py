"""A system outside, as a program of its own: reads calls from its input, makes them over a socket, prints the answers.

`python outside.py PORT KEY`; each line in is {"path", "once", "body"}, each line out {"status", "body"}.
"""

import json
import sys
from http.client import HTTPConnection


def main() -> None:
    """Until there are no more calls."""
    link = HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=60)
    for line in sys.stdin:
        call = json.loads(line)
        headers = {"Authorization": f"Bearer {sys.argv[2]}", "Content-Type": "application/json"}
        link.request("POST", call["path"], json.dumps(call["body"]), headers | {"Idempotency-Key": call["once"]})
        answer = link.getresponse()
        sys.stdout.write(json.dumps({"status": answer.status, "body": json.loads(answer.read())}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
