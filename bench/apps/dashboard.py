"""A small Dash page: a dropdown, a graph, a table; `server` is the WSGI app."""

from dash import Dash, Input, Output, dcc, html

REGIONS = {
    "north": [31, 28, 35, 40, 38, 45],
    "south": [22, 25, 21, 30, 33, 29],
    "coast": [12, 15, 19, 18, 24, 27],
}
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun"]

app = Dash(__name__, title="Sales")
server = app.server
app.layout = html.Div(
    [
        html.H1("Sales by region"),
        dcc.Dropdown(sorted(REGIONS), "north", id="region", clearable=False),
        dcc.Graph(id="graph"),
        html.Div(id="total"),
    ]
)


@app.callback(Output("graph", "figure"), Output("total", "children"), Input("region", "value"))
def draw(region):
    sales = REGIONS[region]
    figure = {"data": [{"type": "bar", "x": MONTHS, "y": sales}], "layout": {"title": {"text": region}}}
    return figure, f"{sum(sales)} sold"
