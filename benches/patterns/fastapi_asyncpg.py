"""The server that people write with FastAPI and asyncpg: buckets and averages in SQL, bound parameters, a pool.

One worker of uvicorn, with uvloop and httptools.

    DATABASE_URL=postgres://… python fastapi_asyncpg.py PORT
"""

import os
import re
import sys
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import asyncpg
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel, Field

TARGET = re.compile(r'bench(?:\{host="([^"]*)"\})?')

OF_ALL = """
    SELECT host, date_bin($1, ts, 'epoch') AS bucket, avg(value) AS value FROM bench
    WHERE ts >= $2 AND ts < $3 GROUP BY 1, 2 ORDER BY 1, 2
"""
OF_ONE = """
    SELECT host, date_bin($1, ts, 'epoch') AS bucket, avg(value) AS value FROM bench
    WHERE ts >= $2 AND ts < $3 AND host = $4 GROUP BY 1, 2 ORDER BY 1, 2
"""


class Range(BaseModel):
    start: datetime = Field(alias="from")
    end: datetime = Field(alias="to")


class Target(BaseModel):
    target: str
    refId: str


class Query(BaseModel):
    range: Range
    intervalMs: int
    targets: list[Target]


class Series(BaseModel):
    target: str
    title: str
    refId: str
    tags: dict[str, str]
    datapoints: list[tuple[float, int]]


@asynccontextmanager
async def lifespan(app):
    async with asyncpg.create_pool(os.environ["DATABASE_URL"]) as app.state.pool:
        yield


app = FastAPI(lifespan=lifespan)


@app.get("/")
async def health() -> str:
    return "OK"


@app.post("/query")
async def query(asked: Query) -> list[Series]:
    answer = []
    for target in asked.targets:
        step, host = timedelta(milliseconds=asked.intervalMs), TARGET.fullmatch(target.target)[1]
        if host is None:
            rows = await app.state.pool.fetch(OF_ALL, step, asked.range.start, asked.range.end)
        else:
            rows = await app.state.pool.fetch(OF_ONE, step, asked.range.start, asked.range.end, host)
        series = {}
        for row in rows:
            series.setdefault(row["host"], []).append((row["value"], int(row["bucket"].timestamp() * 1000)))
        for host, datapoints in series.items():
            name = "bench" if len(series) == 1 else f'bench{{host="{host}"}}'
            answer.append(
                Series(target=name, title=name, refId=target.refId, tags={"host": host}, datapoints=datapoints)
            )
    return answer


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False)
