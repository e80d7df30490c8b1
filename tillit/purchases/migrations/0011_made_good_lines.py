from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("purchases", "0010_par")]

    operations = [
        migrations.RunSQL(
            """
            CREATE FUNCTION purchases_receipt_key(in_receipt text) RETURNS text
            LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
              -- The number of a receipt without what people and systems write in different ways: letters and digits
              -- alone, in capitals, without zeros before them.
              SELECT ltrim(regexp_replace(upper(in_receipt), '[^[:alnum:]]', '', 'g'), '0')
            $$
            """,
            "DROP FUNCTION purchases_receipt_key(text)",
        ),
        migrations.RemoveConstraint("MadeGood", "purchases_made_good_once"),
        migrations.RunSQL(
            """
            UPDATE purchases_made_good SET receipt = purchases_receipt_key(receipt);
            DELETE FROM purchases_made_good m USING purchases_made_good o
            WHERE o.chain_id = m.chain_id AND o.bought_on = m.bought_on AND o.receipt = m.receipt
              AND o.purchase_id < m.purchase_id
            """,
            migrations.RunSQL.noop,
        ),
        migrations.AddField("MadeGood", "amount", models.BigIntegerField(default=0)),
        migrations.AddConstraint(
            "MadeGood",
            models.UniqueConstraint(fields=["chain_id", "bought_on", "receipt"], name="purchases_made_good_once"),
        ),
        migrations.CreateModel(
            name="MadeGoodLine",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "source_id", "digest", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("source_id", models.SmallIntegerField()),
                ("digest", models.UUIDField()),
                ("payload", models.UUIDField()),
                ("event_on", models.DateField()),
                ("purchase_id", models.UUIDField(db_index=True)),
            ],
            options={"db_table": "purchases_made_good_line"},
        ),
    ]
