"""What conversations can be made of: tools and presets."""

from support.answers import Reply
from support.chats import Served


def test_the_tools_are_those_that_the_model_gets(served: Served) -> None:
    conversation = served.new(enable_teams=True)
    served.script("Which tools are there", Reply(text=("These",)))
    with served.talk(conversation) as talk:
        talk.ask("Which tools are there")
    asked = served.scripts.asked["Which tools are there"][0]["tools"]
    status, listed = served.request("GET", "/api/tools")
    assert status == 200
    # Outside of plan mode a model has no plan to hand over.
    offered = [each for each in listed if each["name"] != "exit_plan_mode"]
    assert offered == [{"name": each["name"], "description": each["description"]} for each in asked]
    assert {"bash", "read_file", "write_file", "edit_file"} <= {each["name"] for each in listed}


def test_the_presets_are_listed_and_their_description_is_not_in_the_prompt(served: Served) -> None:
    assert served.request("GET", "/api/presets") == (
        200,
        [
            {"name": "coding", "description": "Software development and coding tasks"},
            {
                "name": "work",
                "description": "Office productivity — documents, spreadsheets, presentations, "
                "analysis",
            },
        ],
    )
    conversation = served.new(preset="work")
    served.script("Begin with the preset", Reply(text=("Begun",)))
    with served.talk(conversation) as talk:
        talk.ask("Begin with the preset")
    (system,) = served.scripts.asked["Begin with the preset"][0]["system"]
    assert system["text"].startswith("You are an assistant for office work")
