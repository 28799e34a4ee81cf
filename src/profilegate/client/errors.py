"""The one error that a client raises."""

from profilegate.faces.apps.wire import AppError
from profilegate.faces.logto.wire import LogtoError
from profilegate.faces.phoenix.wire import PhoenixError

FaceError = PhoenixError | LogtoError | AppError


class ClientError(Exception):
    """The service refused, or gave no answer that can be used.

    `status` is the HTTP status, None without an answer. `code` and `message` are the face's own; `body` is its whole
    error, None when the answer was not the face's (a proxy's, say). `retry_after` is in seconds, where it was told.
    The client's own codes: `unreachable` (no answer in time; whether the request was carried out is not known),
    `redirected`, `answer_too_large`, `not_understood`, and `refused` for an error without a face's body.
    """

    def __init__(
        self,
        status: int | None,
        code: str,
        message: str,
        retry_after: float | None = None,
        body: FaceError | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.retry_after = retry_after
        self.body = body

    def __repr__(self) -> str:
        return f"ClientError(status={self.status!r}, code={self.code!r}, message={self.message!r})"
