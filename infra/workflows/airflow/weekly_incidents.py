"""Every Monday at 08:00: writes the incidents of the last week as a CSV file and tells a chat how many there were.

The connection `vigia_database` is Vigia's PostgreSQL, with a user who may only read. The connection `vigia_broker` is
the broker. The variables `vigia_chat_id` and `vigia_exports` are the chat and the folder of the files.
"""

import csv
import json
from datetime import timedelta
from pathlib import Path

import pendulum
import requests
from airflow.exceptions import AirflowException, AirflowFailException
from airflow.providers.http.hooks.http import HttpHook
from airflow.providers.postgres.hooks.postgres import PostgresHook
from airflow.sdk import Variable, dag, get_current_context, task

ZONE = pendulum.timezone("America/Sao_Paulo")
QUERY = (Path(__file__).parent / "weekly_incidents.sql").read_text()


def week() -> tuple[pendulum.DateTime, pendulum.DateTime]:
    """The week from Monday to Monday before the day for which the DAG runs."""
    end = pendulum.instance(get_current_context()["logical_date"]).in_timezone(ZONE).start_of("week")
    return end.subtract(weeks=1), end


@dag(
    schedule="0 8 * * 1",
    start_date=pendulum.datetime(2026, 1, 5, tz=ZONE),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 5, "retry_delay": timedelta(seconds=30), "retry_exponential_backoff": True},
    tags=["vigia"],
    doc_md=__doc__,
)
def weekly_incidents():
    @task
    def export() -> dict:
        """Replaces the file in one step, so that a reader never sees half of it. A repeat writes the same file again."""
        start, end = week()
        connection = PostgresHook("vigia_database").get_conn()
        try:
            with connection.cursor() as cursor:
                cursor.execute(QUERY, {"start": start, "end": end})
                columns = [column[0] for column in cursor.description]
                rows = cursor.fetchall()
        finally:
            connection.close()
        folder = Path(Variable.get("vigia_exports"))
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"incidents-{start.to_date_string()}.csv"
        draft = path.with_suffix(".part")
        with draft.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(columns)
            writer.writerows(rows)
        draft.replace(path)
        down = sum(row[columns.index("seconds")] for row in rows)
        return {"path": str(path), "incidents": len(rows), "minutes": round(down / 60)}

    @task
    def announce(result: dict) -> None:
        """The id follows from the week, so a repeat sends no second message."""
        start, _ = week()
        chat_id = int(Variable.get("vigia_chat_id"))
        event = {
            "specversion": "1.0",
            "id": f"workflow/weekly-incidents/{start.to_date_string()}",
            "source": "/workflows/airflow",
            "type": "dev.vigia.message.requested",
            "dataschema": "https://vigia.dev/events/message.requested/v1",
            "subject": f"chat/{chat_id}",
            "datacontenttype": "application/json",
            "data": {
                "chatId": chat_id,
                "html": f"📊 <b>Semana de {start.format('DD/MM/YYYY')}</b>\n"
                f"incidentes / incidents: {result['incidents']}\n"
                f"minutos fora do ar / minutes of downtime: {result['minutes']}",
            },
        }
        try:
            HttpHook("POST", "vigia_broker").run(
                "/vigia/default",
                data=json.dumps(event),
                headers={"content-type": "application/cloudevents+json"},
                extra_options={"check_response": False, "timeout": 60},
            ).raise_for_status()
        except requests.HTTPError as error:
            line = f"the broker answered {error.response.status_code} to {event['id']}: {error.response.text.strip()[:200]}"
            # A repeat of an event that the broker refused would be refused again.
            refused = error.response.status_code in (400, 404, 413)
            raise (AirflowFailException if refused else AirflowException)(line) from None
        except requests.RequestException as error:
            raise AirflowException(f"the broker cannot be reached: {error}") from None

    announce(export())


weekly_incidents()
