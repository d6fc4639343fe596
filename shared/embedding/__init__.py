"""Pictures to embeddings: models, weights, and what runs them.

OpenVINO reports its use to a server, from the import on, and leaves an identifier in the home
directory. Without its telemetry module (None makes Python refuse the import) it does neither.
"""

import sys

sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
