# The auditor as a container: no root, no az, no secret. It signs in as the platform says (workload identity,
# managed identity) or as AZURE_* variables say that are given when it runs.
#
#     docker build --tag auditor .
#     docker run --rm --read-only --volume "$PWD:/work:ro" auditor check s.json
#
# Docker Hub's python image, tag 3.11-slim-trixie, as of 2026; give PYTHON a digest to fix it.
ARG PYTHON=python:3.11-slim-trixie

FROM ${PYTHON} AS build
WORKDIR /src
COPY pyproject.toml README.md ./
COPY auditor auditor
COPY baselines baselines
COPY reports/templates reports/templates
COPY reports/assets reports/assets
COPY tests/fixtures/worlds tests/fixtures/worlds
RUN python -m venv /opt/auditor \
    && /opt/auditor/bin/python -m pip install --no-cache-dir --quiet /src

FROM ${PYTHON}
COPY --from=build /opt/auditor /opt/auditor
ENV PATH=/opt/auditor/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1
# A number, since Kubernetes cannot see that a name is not root.
USER 10001:10001
WORKDIR /work
ENTRYPOINT ["auditor"]
CMD ["--help"]
