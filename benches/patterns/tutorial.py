"""The server of the usual SimpleJson tutorial: the raw rows of the range, and a loop that makes datapoints of them.

With Flask and psycopg, its connections pooled, and under waitress in place of Flask's server for development.

    DATABASE_URL=postgres://… python tutorial.py PORT
"""

import os
import re
import sys
from datetime import datetime

from flask import Flask, jsonify, request
from psycopg_pool import ConnectionPool
from waitress import serve

TARGET = re.compile(r'bench(?:\{host="([^"]*)"\})?')

app = Flask(__name__)
pool = ConnectionPool(os.environ["DATABASE_URL"], min_size=10, max_size=10, open=True)


def instant(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def samples(host, start, end):
    with pool.connection() as connection:
        if host is None:
            return connection.execute(
                "SELECT host, ts, value FROM bench WHERE ts >= %s AND ts < %s ORDER BY host, ts", (start, end)
            ).fetchall()
        return connection.execute(
            "SELECT host, ts, value FROM bench WHERE host = %s AND ts >= %s AND ts < %s ORDER BY ts", (host, start, end)
        ).fetchall()


@app.get("/")
def health():
    return "OK"


@app.post("/query")
def query():
    asked = request.get_json()
    start, end = instant(asked["range"]["from"]), instant(asked["range"]["to"])
    answer = []
    for target in asked["targets"]:
        series = {}
        for host, ts, value in samples(TARGET.fullmatch(target["target"])[1], start, end):
            series.setdefault(host, []).append([value, int(ts.timestamp() * 1000)])
        for host, datapoints in series.items():
            answer.append({"target": f'bench{{host="{host}"}}', "datapoints": datapoints})
    return jsonify(answer)


if __name__ == "__main__":
    serve(app, host="127.0.0.1", port=int(sys.argv[1]), threads=10)
