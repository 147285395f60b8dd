"""Which tools need no approval, which plan mode leaves, and which wait for one another. Pure."""

# They read, and change nothing.
SAFE_TOOLS = frozenset(
    {
        "think",
        "read_file",
        "read_file_range",
        "search_code",
        "list_symbols",
        "find_references",
        "list_skills",
        "read_skill",
        "todo_list",
        "task_list",
        "task_get",
        "check_background",
        "read_inbox",
        "list_teammates",
        "check_protocol",
        "idle",
        "submit_plan",
        "shutdown_response",
        "compact",
        "enter_plan_mode",
        "exit_plan_mode",
    }
)
# Only where teams are switched on.
TEAM_TOOLS = frozenset(
    {
        "spawn_teammate",
        "list_teammates",
        "send_message",
        "read_inbox",
        "broadcast",
        "shutdown_request",
        "check_protocol",
        "plan_review",
    }
)
# What plan mode leaves: reading, thinking, and the board of tasks.
PLAN_TOOLS = (SAFE_TOOLS - {"enter_plan_mode"}) | {"task_create", "task_update"}
# Each call sees what the one before it has changed.
ONE_AT_A_TIME = frozenset(
    {
        "background_run",
        "spawn_teammate",
        "shutdown_request",
        "plan_review",
        "todo_write",
        "todo_add",
        "todo_complete",
        "todo_list",
        "task_create",
        "task_get",
        "task_update",
        "task_list",
    }
)
