"""The faces of the one application, which the OpenAPI document has as its first tags."""

SERVICE = "service"
SUPERVISOR = "supervisor"
CONVERSATIONS = "conversations"
FACES = {
    SERVICE: "The process itself.",
    SUPERVISOR: "Tasks that any worker does, and whose results are proven.",
    CONVERSATIONS: "Conversations with our own agent: its tools, skills, notes and workspaces.",
}
