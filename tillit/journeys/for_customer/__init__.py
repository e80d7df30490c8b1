"""What staff do for a customer they have found for a purpose (D1, D6, D7, D13).

`caller` opens a case of any service for somebody on the phone; `supply` tells a supplier what it needs; `advice` fits
advice to who asks for it, on Min side, too; `access` is the one question whether a service is open to a person.
Each look and act of staff is on record, under the purpose the person was found for.
"""
