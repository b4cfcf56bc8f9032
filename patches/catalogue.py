"""All that we change in Chainlit, the first asked first.

A request or an event meets the patches of a place from the top of the list to the bottom, and then
Chainlit. What is put in last stands before the others, so they are applied from the bottom to the
top.
"""

from patches import originals
from patches.http import (
    connections,
    cookies,
    features,
    logins,
    middlewares,
    page,
    routes,
    session_files,
)
from patches.patch import Moment, Parts, Patch
from patches.program import announcement, background, event_loop, stopping
from patches.socket import events, message_length, returning, running, sessions, temporary
from patches.socket import handlers as sockets

PATCHES = (
    Patch(
        "cookies",
        "Older Pythons (before 3.11.10, 3.12.6) take the square of the time for a cookie of "
        "backslashes: 64 KB of them, which anybody may send, stop everything for five seconds.",
        Moment.START,
        cookies.read_in_one_pass,
    ),
    Patch(
        "waiting connections",
        "The server waits for ever for the rest of a request, and for any number of them.",
        Moment.START,
        connections.watch_waiting,
    ),
    Patch(
        "the end",
        "The server waits for ever until requests and lines have ended, and Chainlit for a "
        "database, or a model, that is silent.",
        Moment.START,
        stopping.end_in_time,
    ),
    Patch(
        "logged addresses",
        "Chainlit's server logs, if asked, whole addresses, and so the secret in a link.",
        Moment.START,
        announcement.hide_secrets,
    ),
    Patch(
        "peers",
        "Chainlit's server forgets who is connected where a header names another address.",
        Moment.START,
        connections.remember_peer,
    ),
    Patch(
        "answers after bodies",
        "Chainlit may answer before it has read; Caddy loses what overtakes its own request.",
        Moment.START,
        middlewares.add_answer_after_body,
    ),
    Patch(
        "the reader's language",
        "Chainlit makes its page for everybody in English, before it asks what they read.",
        Moment.START,
        middlewares.add_reader,
    ),
    Patch(
        "malformed requests",
        "Chainlit fails where it is sent what it cannot read, and says so in several forms.",
        Moment.START,
        middlewares.add_well_formed,
    ),
    Patch(
        "bodies of requests",
        "Chainlit reads a whole body before it judges anything, however long it takes.",
        Moment.START,
        middlewares.add_request_bodies,
    ),
    Patch(
        "time of answers",
        "Chainlit waits for a database or a bucket for as long as it is silent.",
        Moment.START,
        middlewares.add_deadline,
    ),
    Patch(
        "origins",
        "Chainlit lets pages of other sites use the cookie of whoever has them open.",
        Moment.START,
        middlewares.add_origins,
    ),
    Patch(
        "answers to other origins",
        "Chainlit's own configuration could let any page read what it answers.",
        Moment.START,
        middlewares.answer_allowed_origins,
    ),
    Patch(
        "login of requests",
        "Chainlit's login is a signed cookie that nobody can call back, of several it reads any: "
        "whoever asks is judged before anything else is, and what was judged goes on.",
        Moment.START,
        middlewares.add_login,
    ),
    Patch(
        "headers",
        "Chainlit lets the page ask any site for anything, and be shown in any other's frame.",
        Moment.START,
        middlewares.add_headers,
    ),
    Patch(
        "old links",
        "A thread that was adopted has a new id where Chainlit's was no UUID.",
        Moment.START,
        middlewares.add_old_links,
    ),
    Patch(
        "files of sessions",
        "Chainlit keeps files of open pages where all processes have theirs, and knows them no "
        "more once it was restarted: a message goes without them, and without a word.",
        Moment.START,
        session_files.keep_apart,
    ),
    Patch(
        "uploads",
        "Chainlit believes the type that a file is said to have, and does not count files.",
        Moment.START,
        routes.place_uploads,
    ),
    Patch(
        "switch of temporary conversations",
        "Chainlit stores each conversation, whatever is said in it.",
        Moment.START,
        routes.place_temporary,
    ),
    Patch(
        "files of a session",
        "Chainlit sends them as what they were said to be: a page that was attached runs its "
        "scripts as if it were ours.",
        Moment.START,
        routes.place_session_files,
    ),
    Patch(
        "owners",
        "Chainlit's routes for feedback, elements and actions do not ask whose they are.",
        Moment.START,
        routes.place_guarded,
    ),
    Patch(
        "logins",
        "Chainlit's logout ends nothing, and its route for tokens renews what has ended.",
        Moment.START,
        routes.place_login,
    ),
    Patch(
        "closed",
        "Chainlit's server describes each of its routes to whoever asks.",
        Moment.START,
        routes.place_closed,
    ),
    Patch(
        "sharing",
        "Chainlit's routes share although that is switched off, cannot refuse, and send whole "
        "threads, with who wrote them and what they thought of the answers.",
        Moment.START,
        routes.place_sharing,
    ),
    Patch(
        "files",
        "Chainlit has no links to stored files that last.",
        Moment.START,
        routes.place_files,
    ),
    Patch(
        "actions on answers",
        "Chainlit answers a question once, and does not say how an answer ended.",
        Moment.START,
        routes.place_answers,
    ),
    Patch(
        "preferences",
        "Chainlit has no place for what somebody wants in each conversation.",
        Moment.START,
        routes.place_preferences,
    ),
    Patch(
        "search",
        "Chainlit finds 20 names, and says neither where nor when something was said.",
        Moment.START,
        routes.place_search,
    ),
    Patch(
        "sidebar",
        "Chainlit's sidebar is one list, in which nothing can be put anywhere, nor all deleted.",
        Moment.START,
        routes.place_sidebar,
    ),
    Patch("export", "Chainlit cannot save a conversation.", Moment.START, routes.place_export),
    Patch(
        "notice",
        "Chainlit's page has no standing line that says which model answers.",
        Moment.START,
        routes.place_notice,
    ),
    Patch(
        "script of the page",
        "Chainlit's page asks for what shows PDF files without the path that the program is under, "
        "copies links without it, and has no place for who has a say in how Markdown is drawn.",
        Moment.START,
        routes.place_bundle,
    ),
    Patch(
        "health",
        "Chainlit says that it runs, whatever is away, and counts nothing.",
        Moment.START,
        routes.place_health,
    ),
    Patch(
        "database away",
        "Chainlit would answer 500 where 503 says that it is worth trying again.",
        Moment.START,
        routes.answer_unavailable,
    ),
    Patch(
        "limits of users",
        "Chainlit lets one user use up what there is for all.",
        Moment.START,
        routes.answer_limits,
    ),
    Patch(
        "loop",
        "Chainlit's nest_asyncio replaces tasks and futures written in C by those in Python, and "
        "the loop's own methods by others: a crowd's turns take half as long again.",
        Moment.START,
        event_loop.use_own_loop,
    ),
    Patch(
        "packets",
        "The socket's server takes pieces without an end, and cannot bear what it cannot read.",
        Moment.LOAD,
        events.judge_packets,
    ),
    Patch(
        "events",
        "Chainlit's handlers take any arguments, also those of events that the server begins.",
        Moment.LOAD,
        events.judge_events,
    ),
    Patch(
        "failures of events",
        "A failed handler is a traceback of the log, and the page is told nothing.",
        Moment.LOAD,
        events.answer_failures,
    ),
    Patch(
        "login of events",
        "Chainlit judges a login as a page connects, and never again while it is open.",
        Moment.LOAD,
        logins.check_login,
    ),
    Patch(
        "login of what carries events",
        "The socket's server asks who opens a socket, and of each later request only its number.",
        Moment.LOAD,
        logins.check_carriers,
    ),
    Patch(
        "pages of ended logins",
        "A page that only listens sends no event, and goes on being told.",
        Moment.LOAD,
        logins.end_pages,
    ),
    Patch(
        "sessions",
        "Chainlit makes tokens that nobody has written down.",
        Moment.LOAD,
        logins.begin_sessions,
    ),
    Patch(
        "button of the login page",
        "Chainlit's providers ask who somebody is without looking at what is signed, and take over "
        "the account of whoever has the same address: a mode has a button of its own, or none.",
        Moment.LOAD,
        logins.offer_button,
    ),
    Patch(
        "tokens",
        "Chainlit reads a token by its signature alone, and by one secret.",
        Moment.LOAD,
        logins.judge_tokens,
    ),
    Patch(
        "ids of a connection",
        "Chainlit takes whatever a client names its session and its thread: they must be UUIDs.",
        Moment.LOAD,
        sockets.check_ids,
    ),
    Patch(
        "files of pages that come back",
        "Chainlit makes a new session for a page that a restart has cut off, and knows none of "
        "the files that wait in its composer.",
        Moment.LOAD,
        session_files.give_back,
    ),
    Patch(
        "folder of sessions",
        "Chainlit takes no file any more once somebody has removed the folder for them.",
        Moment.LOAD,
        session_files.keep_folder,
    ),
    Patch(
        "sessions of a user",
        "Chainlit keeps any number of pages for an hour, with all that each was told.",
        Moment.LOAD,
        sockets.limit_sessions,
    ),
    Patch(
        "pages while the database is away",
        "Chainlit lets no page come back whose thread it cannot read, and lets one that opens it "
        "wait for ever.",
        Moment.LOAD,
        returning.let_in,
    ),
    Patch(
        "answers of a user",
        "Chainlit asks a model as often at once as anybody wants.",
        Moment.LOAD,
        sockets.limit_answers,
    ),
    Patch(
        "settings of a conversation",
        "Chainlit stores whatever it is sent as settings.",
        Moment.LOAD,
        sockets.limit_settings,
    ),
    Patch(
        "messages that nothing keeps",
        "Chainlit takes messages that can be stored nowhere, and has them answered.",
        Moment.LOAD,
        sockets.take_what_is_kept,
    ),
    Patch(
        "length of a message",
        "Chainlit's page shows any message as sent, and its socket is closed by one that is longer "
        "than a packet: the message is gone.",
        Moment.LOAD,
        message_length.limit_length,
    ),
    Patch(
        "files of a message",
        "Chainlit tells the page how many files a message may have, and does not look itself.",
        Moment.LOAD,
        sockets.limit_files,
    ),
    Patch(
        "messages",
        "Chainlit stores whatever a client sends as a message, under any id, also another's.",
        Moment.LOAD,
        sockets.check_message,
    ),
    Patch(
        "temporary conversations",
        "Chainlit writes the files of a page to the disk, opens a thread for whoever names it, and "
        "begins it anew where it is gone.",
        Moment.LOAD,
        temporary.keep_nothing,
    ),
    Patch(
        "stars",
        "Chainlit marks what the page has in memory, and does not ask whose message it is.",
        Moment.LOAD,
        sockets.check_star,
    ),
    Patch(
        "edits",
        "Chainlit changes a question for good, and removes what followed without a word.",
        Moment.LOAD,
        sockets.edit_without_a_loss,
    ),
    Patch(
        "stop",
        "Chainlit stops the last of several answers, and adds a message that says so.",
        Moment.LOAD,
        sockets.stop_without_a_message,
    ),
    Patch(
        "watchers",
        "Chainlit tells the page alone in which a question was asked what is answered.",
        Moment.LOAD,
        running.tell_all_pages,
    ),
    Patch(
        "joining",
        "Chainlit shows a page that opens a thread, or finds its line again, what is stored of an "
        "answer, and nothing of what comes after it.",
        Moment.LOAD,
        running.join_running_answers,
    ),
    Patch(
        "pauses",
        "Chainlit sleeps a millisecond, and everybody with it, for each message that it makes: a "
        "second for a thread of 1,000.",
        Moment.LOAD,
        event_loop.never_pause,
    ),
    Patch(
        "tasks",
        "Chainlit stores in tasks that nobody holds or waits for: what is refused there is a "
        "traceback.",
        Moment.LOAD,
        background.hold_tasks,
    ),
    Patch(
        "configuration of a session",
        "Chainlit runs the loop within the loop to ask each profile what it changes.",
        Moment.LOAD,
        event_loop.use_one_config,
    ),
    Patch(
        "foreign threads",
        "Chainlit tells a foreign thread from one that is not there.",
        Moment.LOAD,
        routes.hide_foreign_threads,
    ),
    Patch(
        "beginning",
        "Chainlit's decorator would store a run in every thread, before anything is said.",
        Moment.LOAD,
        sessions.begin_without_a_run,
    ),
    Patch(
        "announcement",
        "Chainlit says and opens the bare address, which lets nobody in.",
        Moment.LOAD,
        announcement.tell_link,
    ),
    Patch(
        "page",
        "Chainlit's page asks other sites for fonts and styles, and runs any script in it.",
        Moment.LOAD,
        page.send_offline_page,
    ),
    Patch(
        "texts of the page",
        "Chainlit shows dots for what a translation lacks, and for the region of a language all is "
        "in English where there is a translation for another region.",
        Moment.LOAD,
        page.choose_texts,
    ),
    Patch(
        "help",
        "Chainlit logs a complaint for each language of readers that has no help of its own.",
        Moment.LOAD,
        page.choose_help,
    ),
    Patch(
        "address of a new thread",
        "Chainlit's page gives a conversation no address while its sidebar is not drawn.",
        Moment.LOAD,
        page.tell_thread,
    ),
    Patch(
        "offer of uploads",
        "Chainlit knows limits of its own configuration, and none of ours.",
        Moment.LOAD,
        features.offer_uploads,
    ),
    Patch(
        "offer of sharing",
        "Chainlit's page offers it as its own configuration says, whatever THREAD_SHARING is.",
        Moment.LOAD,
        features.offer_sharing,
    ),
)


def patch_server(parts: Parts) -> None:
    """Apply what stays as it is while the server runs."""
    _apply(Moment.START, parts)


def patch_code(parts: Parts) -> None:
    """Apply what belongs to the code that is loaded, in the place of what was loaded before."""
    originals.restore()
    _apply(Moment.LOAD, parts)


def _apply(moment: Moment, parts: Parts) -> None:
    for patch in reversed(PATCHES):
        if patch.moment is moment:
            patch.apply(parts)
