"""Leaving office (离任交接): the departure case and the papers it is made of."""
