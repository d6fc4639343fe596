# Seenit's images. `worker` and `api` are the same layers with another command, for the CPU and
# without PyTorch; `worker-gpu` brings PyTorch and CUDA. All verbs of `seenit` run in each of them.
#
#     docker build --target worker -t seenit/worker:0.1.0 .
#     docker build --target api -t seenit/api:0.1.0 .
#
# Any base will do that has Python 3.11 or later as `python3`, with its `venv`.
ARG BASE=docker.io/library/python:3.13.16-slim-trixie

FROM ${BASE} AS tools
WORKDIR /source
ENV UV_CACHE_DIR=/cache/uv UV_PYTHON_DOWNLOADS=never UV_SYSTEM_CERTS=true
COPY locks locks
RUN python3 -m venv /tools && \
    /tools/bin/pip install --quiet --no-cache-dir --require-hashes -r locks/uv.txt

FROM tools AS wheel
COPY pyproject.toml README.md LICENSE ./
COPY shared shared
COPY streams streams
COPY search_api search_api
COPY seenit seenit
RUN --mount=type=cache,target=/cache \
    /tools/bin/uv build --quiet --wheel --require-hashes --build-constraints locks/run.txt \
        --out-dir /wheels

# What a CPU needs: all but PyTorch, as the model comes converted. OpenVINO reads its own form here
# and runs it on the CPU, so its readers of other forms and drivers of other processors may go; so
# may the tests of pandas.
FROM tools AS installed
ENV VIRTUAL_ENV=/opt/seenit UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1
RUN --mount=type=cache,target=/cache \
    /tools/bin/uv venv --quiet --python "$(command -v python3)" /opt/seenit && \
    /tools/bin/uv pip install --quiet --no-deps --require-hashes -r locks/image.txt && \
    cd /opt/seenit/lib/python3*/site-packages && \
    rm -r pandas/tests openvino/include openvino/libs/cache.json \
        openvino/libs/libopenvino_intel_[gn]pu_plugin.so && \
    find openvino/libs -name '*_frontend.so.*' ! -name '*_ir_frontend.so.*' -delete
COPY --from=wheel /wheels /wheels
RUN --mount=type=cache,target=/cache \
    /tools/bin/uv pip install --quiet --no-deps /wheels/*.whl && rm -f /opt/seenit/.lock

# The model, from weights whose SHA-256 the code knows, converted once. Only that needs PyTorch,
# which is put into the cache and no layer. TORCH_INDEX, the address of an index of PyTorch's CPU
# wheels, spares the gigabytes of CUDA that its wheels for Linux otherwise bring; the lock knows
# the versions of those, not their hashes.
FROM tools AS model
ARG MODEL=efficientnet-lite0
ARG TORCH_INDEX=
ENV VIRTUAL_ENV=/cache/converter
COPY --from=wheel /wheels /wheels
RUN --mount=type=cache,target=/cache \
    /tools/bin/uv venv --quiet --clear --python "$(command -v python3)" "${VIRTUAL_ENV}" && \
    if [ -n "${TORCH_INDEX}" ]; then \
        grep -oE '^torch(vision)?==[0-9.]+' locks/gpu.txt > torch.txt && \
        /tools/bin/uv pip install --quiet --index-url "${TORCH_INDEX}" -r torch.txt && \
        /tools/bin/uv pip install --quiet --no-deps --require-hashes -r locks/image.txt; \
    else \
        /tools/bin/uv pip install --quiet --require-hashes -r locks/gpu.txt; \
    fi && \
    /tools/bin/uv pip install --quiet --no-deps /wheels/*.whl && \
    SEENIT_MODEL="${MODEL}" SEENIT_DEVICE=cpu SEENIT_CACHE_DIR=/opt/model \
        "${VIRTUAL_ENV}/bin/python" -c "\
from shared.embedding.load import load_embedder; \
from shared.settings import load_settings; \
print('converted', load_embedder(load_settings()).model_id)" && \
    chmod -R a+rX /opt/model && \
    rm -r "${VIRTUAL_ENV}"

FROM tools AS installed-gpu
ENV VIRTUAL_ENV=/opt/seenit UV_LINK_MODE=copy
COPY --from=wheel /wheels /wheels
RUN --mount=type=cache,target=/cache \
    /tools/bin/uv venv --quiet --python "$(command -v python3)" /opt/seenit && \
    /tools/bin/uv pip install --quiet --require-hashes -r locks/gpu.txt && \
    /tools/bin/uv pip install --quiet --no-deps /wheels/*.whl

# Nothing is written but to /tmp, so the root may be read-only with a small tmpfs there. The health
# checks ask whether the process lives: some engines start anew what is not well, and that brings no
# part back that is away.
FROM ${BASE} AS runtime
ARG MODEL=efficientnet-lite0
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Seenit" \
    org.opencontainers.image.description="Reverse image search: have I seen this picture before, and where?" \
    org.opencontainers.image.source="https://github.com/seenit/seenit" \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}"
ENV PATH=/opt/seenit/bin:/usr/local/bin:/usr/bin:/bin HOME=/tmp USER=seenit \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    SEENIT_MODEL=${MODEL} SEENIT_HOST=0.0.0.0 SEENIT_WORKER_HOST=0.0.0.0
WORKDIR /tmp
USER 10001:10001
ENTRYPOINT ["seenit"]

FROM runtime AS runtime-cpu
ENV SEENIT_DEVICE=cpu SEENIT_CACHE_DIR=/opt/model
COPY --from=model /opt/model /opt/model
COPY --from=installed /opt/seenit /opt/seenit

FROM runtime AS worker-gpu
ENV SEENIT_DEVICE=cuda NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
COPY --from=installed-gpu /opt/seenit /opt/seenit
EXPOSE 8001
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8001/livez', timeout=4)"]
CMD ["worker"]

FROM runtime-cpu AS worker
EXPOSE 8001
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8001/livez', timeout=4)"]
CMD ["worker"]

FROM runtime-cpu AS api
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/livez', timeout=4)"]
CMD ["serve"]
