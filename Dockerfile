# Timeline as an image: the wheel with GraphiQL in it is built in the first stage, the second only runs it.
FROM python:3.13-slim AS build
WORKDIR /src
RUN python -m venv /opt/timeline
COPY requirements.txt requirements-dev.txt ./
RUN /opt/timeline/bin/pip install --no-cache-dir --require-hashes -r requirements.txt
# The build's tools by the same lock: hatchling, and the node that bundles GraphiQL.
RUN python -m venv /opt/build \
    && /opt/build/bin/pip install --no-cache-dir --require-hashes -r requirements-dev.txt
COPY pyproject.toml README.md hatch_build.py ./
COPY ui ui
COPY docs docs
COPY migrations migrations
COPY schema schema
COPY seeds seeds
COPY timeline timeline
RUN /opt/build/bin/python -m build --wheel --no-isolation --outdir /dist \
    && /opt/timeline/bin/pip install --no-cache-dir --no-deps /dist/*.whl

FROM python:3.13-slim
RUN useradd --system --create-home --home-dir /var/lib/timeline timeline
COPY --from=build /opt/timeline /opt/timeline
ENV PATH=/opt/timeline/bin:$PATH PYTHONUNBUFFERED=1
USER timeline
WORKDIR /var/lib/timeline
VOLUME /var/lib/timeline
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=6 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
CMD ["sh", "-c", "timeline migrate && timeline seed && exec timeline serve --host 0.0.0.0"]
