from cx_ops.forms.account import AsOfForm, ForecastForm, RaiseForm, TouchForm
from cx_ops.forms.portfolio import PortfolioForm, SegmentForm, WhoseForm

__all__ = ["AsOfForm", "ForecastForm", "PortfolioForm", "RaiseForm", "SegmentForm", "TouchForm", "WhoseForm"]
