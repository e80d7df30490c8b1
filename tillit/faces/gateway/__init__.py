"""What an SMS gateway calls: reports of delivery and SMS that came in, as signed webhooks (Standard Webhooks).

Requests without a signature by the gateway's secret are refused before anything is read. docs/messages.md has it all.
"""
