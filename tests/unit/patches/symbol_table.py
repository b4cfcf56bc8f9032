"""What the program uses of Chainlit, and what for. `test_symbols` compares it with the program and
with the Chainlit that is installed.
"""

from collections.abc import Iterator
from dataclasses import dataclass

_SERVER = "chainlit.server"
_SESSION = "chainlit.session.WebsocketSession"
_EMITTER = "chainlit.emitter.ChainlitEmitter"
_MESSAGE = "chainlit.message.Message"


@dataclass(frozen=True, slots=True)
class Group:
    """Some names of one owner, separated by blanks, and what they are needed for."""

    owner: str
    names: str
    why: str

    def symbols(self) -> Iterator[str]:
        """Yield the whole names."""
        yield from (f"{self.owner}.{name}" for name in self.names.split())


GROUPS = (
    # What we register
    Group("chainlit", "data_layer", "our data layer instead of Chainlit's"),
    Group("chainlit", "on_app_startup on_app_shutdown", "the writer and the models begin and end"),
    Group("chainlit", "header_auth_callback", "the login without a page"),
    Group("chainlit", "password_auth_callback", "the login with a password"),
    Group("chainlit", "on_message on_chat_resume", "a turn, and a thread that is opened again"),
    Group("chainlit", "on_window_message", "a page tells which model is chosen"),
    Group("chainlit.mode", "Mode ModeOption", "the choice among several models"),
    Group("chainlit", "set_starters Starter", "the first questions that are proposed"),
    Group("chainlit", "on_shared_thread_view", "without it the page offers no sharing"),
    # The server
    Group("chainlit", "data server", "modules, for what is in them"),
    Group(_SERVER, "app", "middlewares, routes before Chainlit's, and what stays over a reload"),
    Group(_SERVER, "UserParam", "who asks, in our own routes"),
    Group(_SERVER, "update_feedback delete_feedback", "called once it is known whose it is"),
    Group(_SERVER, "update_thread_element delete_thread_element", "as before"),
    Group(_SERVER, "call_action upload_file", "as before"),
    Group(_SERVER, "is_thread_author", "a foreign thread is as if it were not there"),
    Group("chainlit.action", "Action", "what a button says"),
    Group(_SERVER, "get_user_threads rename_thread", "called once what is asked has a form"),
    Group(_SERVER, "set_session_cookie", "called once it names a session"),
    Group(_SERVER, "get_html_template", "the page as it is sent; looked up at each request"),
    Group(_SERVER, "logger webbrowser", "they say and open the address as the program starts"),
    Group(_SERVER, "get_markdown_str", "the help; looked up at each request"),
    Group(_SERVER, "build_dir", "where the page's script is, with addresses that lack the path"),
    Group(f"{_SERVER}.sio", "handlers on", "our handlers of events go before Chainlit's"),
    Group(f"{_SERVER}.sio", "emit disconnect", "end a page whose login has ended"),
    Group(_SERVER, "sio", "the socket's server"),
    Group(f"{_SERVER}.sio", "eio manager", "what is beneath the events"),
    Group(f"{_SERVER}.sio", "_handle_event _handle_connect", "what a client sends is judged"),
    Group(f"{_SERVER}.sio", "handle_request environ", "whose a request is that carries packets"),
    Group(f"{_SERVER}.sio.environ", "get", "the same"),
    Group(f"{_SERVER}.sio.eio", "handlers on sockets", "what a client sends is judged"),
    Group(f"{_SERVER}.sio.eio.handlers", "update", "the same"),
    Group(f"{_SERVER}.sio.eio.sockets", "get", "a socket that is to be closed"),
    Group(f"{_SESSION}()", "environ", "in which language its user reads"),
    Group(f"{_SESSION}()", "socket_id restored delete", "pages that were left make room"),
    Group(f"{_SESSION}()", "files user_env", "what a page may hold"),
    Group("chainlit.session.ws_sessions_id", "values", "the pages of a user"),
    Group("chainlit.user_session", "user_sessions", "pages that were left make room"),
    Group("chainlit.user_session.user_sessions", "pop", "the same"),
    Group("chainlit.chat_context", "chat_contexts", "what a page has been told"),
    Group("chainlit.chat_context.chat_contexts", "get", "the same"),
    Group("chainlit", "config", "a module, for what is in it"),
    Group("chainlit.config", "FILES_DIRECTORY", "where files of open pages are"),
    Group("chainlit.config.config", "project", "what a page may hold"),
    Group("chainlit.config.config.project", "user_env", "what a page may hold"),
    Group(
        f"{_SERVER}.sio.manager",
        "sid_from_eio_sid eio_sid_from_sid is_connected",
        "whose socket it is",
    ),
    Group("chainlit.types", "UpdateFeedbackRequest DeleteFeedbackRequest", "bodies of requests"),
    Group("chainlit.types", "ElementRequest CallActionRequest ShareThreadRequest", "as before"),
    Group("chainlit.types", "GetThreadsRequest UpdateThreadRequest", "as before"),
    Group("chainlit.types.GetThreadsRequest()", "pagination", "how much is asked for"),
    Group("chainlit.types.UpdateThreadRequest()", "name", "how long it is"),
    Group("chainlit.types.UpdateFeedbackRequest()", "feedback sessionId", "whose it is"),
    Group("chainlit.types.DeleteFeedbackRequest()", "feedbackId", "whose it is"),
    Group("chainlit.types.ElementRequest()", "element sessionId", "whose it is"),
    Group("chainlit.types.CallActionRequest()", "sessionId action", "whose it is, what it says"),
    Group("chainlit.types.ShareThreadRequest()", "threadId isShared", "whose it is"),
    # The login
    Group("chainlit", "auth", "a module, for what is in it"),
    Group("chainlit.auth", "decode_jwt", "each token is judged as the door does"),
    Group("chainlit.auth.cookie", "set_auth_cookie", "the cookie that signs in"),
    Group("chainlit.auth.cookie", "_auth_cookie_name _cookie_samesite", "how it is called and set"),
    Group(_SERVER, "_authenticate_user _get_auth_response", "a login begins a session"),
    Group("chainlit.config.config.project", "user_session_timeout", "how long a login lasts"),
    Group("chainlit", "oauth_callback", "the login by a button"),
    Group("chainlit", "oauth_providers", "a module, for what is in it"),
    Group("chainlit.oauth_providers", "OAuthProvider providers", "the button of the login page"),
    Group("chainlit.config", "ChainlitConfig", "the texts of the login page"),
    Group("chainlit.config.ChainlitConfig", "load_translation", "the texts of the page"),
    Group("chainlit", "User", "who has signed in"),
    Group("chainlit.user", "User PersistedUser", "who has signed in"),
    Group("chainlit.user.User()", "identifier display_name metadata to_dict", "who has signed in"),
    # Sessions
    Group("chainlit.session", "WebsocketSession HTTPSession", "an open page, or a request"),
    Group(_SESSION, "get get_by_id", "the page that sends an event, or that a request names"),
    Group("chainlit.session", "ws_sessions_id", "the pages that show a thread"),
    Group(f"{_SESSION}()", "id thread_id user token", "whose page it is, and what it shows"),
    Group(f"{_SESSION}()", "chat_profile chat_settings", "what is chosen in it"),
    Group(f"{_SESSION}()", "current_task", "what Stop stops"),
    Group(f"{_SESSION}()", "files", "what a page was sent or has attached"),
    Group("chainlit.context", "context_var ChainlitContextException", "is there a page"),
    Group("chainlit.context.context_var", "get", "is there a page"),
    Group("chainlit.context", "init_ws_context", "sends to the page from a handler of ours"),
    Group("chainlit", "context", "the page that a turn belongs to"),
    Group(
        "chainlit.context.ChainlitContext()", "emitter session", "the page that a turn belongs to"
    ),
    Group("chainlit.user_session", "set", "the profile of a page"),
    Group("chainlit", "user_session", "the profile of a page"),
    Group(_SESSION, "get_config", "a session has the configuration of all"),
    # Who watches an answer
    Group("chainlit", "socket", "a module, for what is in it"),
    Group("chainlit.socket", "process_message", "a question is answered as a turn of its thread"),
    Group("chainlit.socket", "resume_thread", "noted when a thread is read that a page opens"),
    Group(_EMITTER, "emit", "what a turn says goes to all pages of its thread"),
    Group(_EMITTER, "process_message", "and so does its question"),
    Group(_EMITTER, "resume_thread", "a page that opens a thread joins in"),
    Group(f"{_SESSION}()", "emit", "what concerns one page alone"),
    Group(f"{_SESSION}()", "has_first_interaction thread_id_to_resume", "pages that come back"),
    Group("chainlit.types", "FileDict", "files that wait for a page that comes back"),
    Group("chainlit.types", "MessagePayload", "a question as a page sends it"),
    # Conversations of which nothing is stored
    Group("chainlit.session", "BaseSession", "keeps files of a page"),
    Group("chainlit.session.BaseSession", "persist_file", "keeps them in memory"),
    Group("chainlit.session.BaseSession", "files_dir", "where the folder is that was removed"),
    Group("chainlit.session.BaseSession()", "files id thread_id", "whose they are, and where"),
    Group("chainlit.types", "FileReference", "what is told of one"),
    Group(_SESSION, "delete", "the end of a page is that of its temporary conversation"),
    # What stops the loop
    Group("chainlit.message", "Message", "its module sleeps for each that is made"),
    Group("chainlit.step", "Step", "its module sleeps for each that is made"),
    # What is stored in the background
    Group("chainlit", "socket", "a module that begins tasks which nobody holds"),
    Group("chainlit.socket", "__name__", "the same"),
    Group("chainlit.context", "ChainlitContext", "its module begins such tasks"),
    Group("chainlit.element", "Element", "its module begins such tasks"),
    # The configuration
    Group("chainlit.config", "config_translation_dir TRANSLATIONS_DIR", "what the page says"),
    Group("chainlit.config.config", "ui", "which language an operator has chosen"),
    Group("chainlit.config.config.ui", "language", "the same"),
    Group("chainlit.config", "config APP_ROOT", "where the program is, and what it is told"),
    Group("chainlit.config", "FILES_DIRECTORY", "where the files of sessions are"),
    Group("chainlit.config.config", "run code features", "where the program is, what it is told"),
    Group("chainlit.config.config.run", "host port root_path", "what the server listens on"),
    Group("chainlit.config.config.code", "data_layer", "looked at, whether an app has another one"),
    Group("chainlit.config.config.code", "on_chat_start", "set without its decorator"),
    Group("chainlit.config.config.code", "on_message", "called for what is asked once more"),
    Group("chainlit.config.config.features", "spontaneous_file_upload", "what may be sent"),
    Group("chainlit.config.config.features", "mcp", "whether there is anything to connect to"),
    Group("chainlit.config.config.features.mcp", "enabled", "the same"),
    Group("chainlit.config.config.features", "allow_thread_sharing", "whether the page offers it"),
    Group("chainlit.config", "SpontaneousFileUploadFeature", "limits that the page knows"),
    # What a turn shows
    Group("chainlit", "Message Step ErrorMessage Image", "answers, thoughts, failures"),
    Group("chainlit.Step()", "__aenter__ stream_token", "thoughts"),
    Group("chainlit.ErrorMessage()", "send metadata", "failures, and what was refused"),
    Group("chainlit.Image()", "send", "images that a model made"),
    Group(f"{_MESSAGE}()", "is_error", "what is no part of the conversation"),
    Group(f"{_MESSAGE}()", "id thread_id content command created_at", "what is asked"),
    Group(
        f"{_MESSAGE}()",
        "metadata streaming stream_token to_dict elements remove",
        "the answer as it grows",
    ),
    Group("chainlit.Message", "from_dict", "a message that is gone back to"),
    Group("chainlit.context", "local_steps", "what is shown further is below the run of before"),
    Group("chainlit.context.local_steps", "set reset", "the same"),
    Group("chainlit.chat_context", "chat_context", "the conversation as the page has seen it"),
    Group("chainlit.chat_context.chat_context", "get add remove clear", "the same"),
    Group("chainlit", "ChatSettings", "the settings panel"),
    Group("chainlit.ChatSettings()", "send", "the settings panel"),
    Group("chainlit.input_widget", "InputWidget Select Slider TextInput", "the settings panel"),
    Group("chainlit.types", "CommandDict", "the commands of a question"),
    Group("chainlit.emitter", "ChainlitEmitter", "what the page is sent"),
    Group(_EMITTER, "init_thread", "begins a thread, and tells our part of the page which"),
    Group(f"{_EMITTER}()", "session", "the page that is sent to"),
    Group(f"{_EMITTER}()", "emit send_toast send_window_message", "what is sent"),
    Group(f"{_EMITTER}()", "set_commands set_modes", "what the composer offers"),
    Group(f"{_EMITTER}()", "send_step update_step delete_step task_end", "what is sent"),
    Group(_MESSAGE, "from_dict", "what a page has seen of its conversation"),
    Group("chainlit.utils", "utc_now", "times as Chainlit writes them"),
    # The data layer
    Group("chainlit.data", "get_data_layer", "asked for at the start: Chainlit would make its own"),
    Group("chainlit.data.base", "BaseDataLayer", "the contract that test_layer looks at"),
    Group("chainlit.data.utils", "queue_until_user_message", "what comes before the first message"),
    Group("chainlit.element", "Element ElementDict", "elements, to write and to read"),
    Group("chainlit.element.Element()", "id thread_id type path content to_dict", "an element"),
    Group("chainlit.step", "StepDict", "steps, to write and to read"),
    Group("chainlit.types", "Feedback FeedbackDict ThreadDict", "what is written and read"),
    Group("chainlit.types.Feedback()", "forId threadId value comment", "what is written"),
    Group("chainlit.types", "Pagination ThreadFilter PageInfo PaginatedResponse", "threads"),
    Group("chainlit.types.Pagination()", "first cursor", "a page of threads"),
    Group("chainlit.types.ThreadFilter()", "userId search feedback", "a page of threads"),
)

EVENTS = {
    "connect": "ids are UUIDs",
    "client_message": "files are counted, and messages are their user's own",
    "message_favorite": "stars are put on one's own",
    "edit_message": "all that follows is removed",
    "stop": "nothing is added to the thread",
    "connection_successful": "a page that comes back is given its thread",
    "disconnect": "what was chosen is stored, where it can be",
}

# Of Chainlit's own routes, those that ours go before.
ROUTES = {
    "PUT /feedback": "asks whose it is",
    "DELETE /feedback": "asks whose it is",
    "PUT /project/element": "asks whose it is",
    "DELETE /project/element": "asks whose it is",
    "POST /project/action": "asks whose session it is",
    "POST /project/file": "judges types and counts",
    "GET /project/file/{file_id}": "sends nothing that a browser would run",
    "POST /project/threads": "judges the page that is asked for",
    "PUT /project/thread": "limits a name",
    "POST /set-session-cookie": "takes ids of sessions alone",
    "POST /mcp": "is not there while it is switched off",
    "DELETE /mcp": "is not there while it is switched off",
    "POST /login": "slows guessing, and begins a session",
    "POST /logout": "ends a session",
    "POST /auth/jwt": "is shut: it renews what has ended",
    "GET /auth/oauth/{provider_id}": "is shut: a mode has its own, or none",
    "GET /auth/oauth/{provider_id}/callback": "is shut: it checks nothing that is signed",
    "POST /auth/oauth/azure-ad-hybrid/callback": "is shut, too",
    "PUT /project/thread/share": "looks at THREAD_SHARING",
    "GET /project/share/{thread_id}": "sends what the page shows",
}

# Of what we call by position, or stand in for.
PARAMETERS = {
    f"{_SERVER}.update_feedback": "request update current_user",
    f"{_SERVER}.delete_feedback": "request payload current_user",
    f"{_SERVER}.update_thread_element": "payload current_user",
    f"{_SERVER}.delete_thread_element": "payload current_user",
    f"{_SERVER}.call_action": "payload current_user",
    f"{_SERVER}.upload_file": "current_user session_id file ask_parent_id",
    f"{_SERVER}.is_thread_author": "username thread_id",
    f"{_SERVER}.get_user_threads": "request payload current_user",
    f"{_SERVER}.rename_thread": "request payload current_user",
    f"{_SERVER}.set_session_cookie": "request response",
    f"{_SERVER}.get_html_template": "root_path",
    f"{_SERVER}.get_markdown_str": "root language",
    f"{_EMITTER}.init_thread": "self interaction",
    f"{_EMITTER}.process_message": "self payload",
    f"{_EMITTER}.resume_thread": "self thread_dict",
    "chainlit.socket.process_message": "session payload",
    "chainlit.socket.resume_thread": "session",
    "event connection_successful": "sid",
    "chainlit.auth.decode_jwt": "token",
    f"{_SERVER}._authenticate_user": "request user redirect_to_callback",
    f"{_SERVER}._get_auth_response": "access_token redirect_to_callback",
    "chainlit.auth.cookie.set_auth_cookie": "request response token",
    "event connect": "sid environ auth",
    "event client_message": "sid payload",
    "event message_favorite": "sid payload",
    "event edit_message": "sid payload",
    "event stop": "sid",
}
