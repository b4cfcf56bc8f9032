# The image of Keepchat: the locked wheels in a virtual environment, and the program beside it.
# Nothing is compiled, so neither stage has build tools. The built-in demo model is left out: it is for
# one person on their own computer.

FROM python:3.11.14-slim-bookworm AS installed
WORKDIR /opt
COPY requirements.txt deploy/keepchat.pth ./
RUN python -m venv keepchat \
    && keepchat/bin/pip install --no-cache-dir --no-deps --require-hashes -r requirements.txt \
    && cp keepchat.pth keepchat/lib/python3*/site-packages/ \
    && keepchat/bin/pip uninstall --yes pip setuptools


FROM python:3.11.14-slim-bookworm
ENV PATH=/opt/keepchat/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    DATA_DIR=/data \
    CHAINLIT_HOST=0.0.0.0 \
    AUTH_MODE=password
WORKDIR /app
# pg_dump and pg_restore, for backups.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends postgresql-client \
    && rm -rf /var/lib/apt/lists/*
COPY --from=installed /opt/keepchat /opt/keepchat
COPY . .
# What the program writes: its data, and the files of sessions that are open, in a folder that Chainlit
# removes at its end. When it is imported the first time it also puts its translations in place: now.
RUN useradd --uid 10001 --no-create-home --home-dir /data keepchat \
    && python -c 'import chainlit' \
    && mkdir --parents /data .files \
    && chown keepchat:keepchat /data . .files \
    && python -m compileall -q .
USER keepchat
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "deploy/healthy.py"]
CMD ["chainlit", "run", "app.py", "--headless"]
