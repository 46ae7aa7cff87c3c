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
# Every version and every file's hash is that of the locks, and wheels only: what builds a source archive is fetched
# without a hash. Dependencies come first, so that a change of the auditor
# itself does not install them again; what builds the wheel stays behind in this stage.
COPY requirements requirements
RUN python -m venv /opt/build \
    && /opt/build/bin/python -m pip install --no-cache-dir --quiet --only-binary :all: --require-hashes \
        -r requirements/build.txt \
    && python -m venv /opt/auditor \
    && /opt/auditor/bin/python -m pip install --no-cache-dir --quiet --only-binary :all: --require-hashes \
        -r requirements/runtime.txt
COPY pyproject.toml README.md LICENSE ./
COPY auditor auditor
COPY baselines baselines
COPY reports/templates reports/templates
COPY reports/assets reports/assets
COPY tests/fixtures/worlds tests/fixtures/worlds
RUN /opt/build/bin/python -m pip wheel --quiet --no-index --no-deps --no-build-isolation --wheel-dir /dist /src \
    && /opt/auditor/bin/python -m pip install --quiet --no-index --no-deps --no-build-isolation /dist/*.whl

FROM ${PYTHON}
COPY --from=build /opt/auditor /opt/auditor
ENV PATH=/opt/auditor/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1
# A number, since Kubernetes cannot see that a name is not root.
USER 10001:10001
WORKDIR /work
ENTRYPOINT ["auditor"]
CMD ["--help"]
