"""What a page of pictures looks like without a grid of its own: one image element each, in five columns."""

import sys

import streamlit as st

if __name__ == "__main__":
    for place, path in enumerate(sys.argv[1:]):
        if place % 5 == 0:
            columns = st.columns(5)
        columns[place % 5].image(path, caption=f"Avatar {place + 1}")
