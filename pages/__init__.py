"""The screens. Streamlit runs each file here as a script; parts/ holds what they are made of."""
